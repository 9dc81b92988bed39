import type { Reader } from '../../client/client.ts';
import type { Draft } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import { sameResources } from '../../resources/core/pod/same-resources.ts';
import type { Pod, Toleration } from '../../resources/schema/core-v1.generated.ts';
import type { RuntimeClass, Scheduling } from '../../resources/schema/node-v1.generated.ts';
import { pods, runtimeClasses } from '../../resources/schema/resource-types.generated.ts';
import { shared } from '../../resources/shared.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

type Spec = NonNullable<Draft<Pod>['spec']>;

/** Gives pods what their runtime class costs and needs (KEP-585, KEP-688); a class has to be there before its pods. */
export function runtimeClass(reader: Reader): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    async admit(attributes) {
      const spec = newPodSpec(attributes);
      const found = spec === undefined ? undefined : await classOf(reader, spec, attributes);
      if (spec === undefined || found === undefined) return;
      if (found.overhead !== undefined) {
        if (Object.keys(spec.overhead ?? {}).length > 0) checkOverhead(spec, found, attributes);
        spec.overhead = shared(found.overhead.podFixed ?? {});
      }
      if (found.scheduling !== undefined) setScheduling(spec, found.scheduling, attributes);
    },
    async validate(attributes) {
      const spec = newPodSpec(attributes);
      if (spec === undefined) return;
      const found = await classOf(reader, spec, attributes);
      if (found?.overhead !== undefined) checkOverhead(spec, found, attributes);
      else if (spec.overhead !== undefined)
        throw admissionForbidden(
          attributes,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
    },
  };
}

function newPodSpec(attributes: AdmissionAttributes): Spec | undefined {
  if (attributes.operation !== 'CREATE' || !appliesTo(attributes, pods)) return undefined;
  return (attributes.object as Draft<Pod>).spec;
}

async function classOf(
  reader: Reader,
  { runtimeClassName }: Spec,
  attributes: AdmissionAttributes,
): Promise<RuntimeClass | undefined> {
  if (runtimeClassName === undefined) return undefined;
  try {
    return await reader.get(runtimeClasses, { name: runtimeClassName });
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    throw admissionForbidden(attributes, `pod rejected: RuntimeClass "${runtimeClassName}" not found`);
  }
}

function checkOverhead({ overhead }: Spec, found: RuntimeClass, attributes: AdmissionAttributes): void {
  if (sameResources({ limits: overhead ?? {} }, { limits: found.overhead?.podFixed ?? {} })) return;
  const why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
  throw admissionForbidden(attributes, why);
}

function setScheduling(
  spec: Spec,
  { nodeSelector, tolerations = [] }: Scheduling,
  attributes: AdmissionAttributes,
): void {
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      throw admissionForbidden(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  if (tolerations.length > 0) spec.tolerations = shared(merged([...(spec.tolerations ?? []), ...tolerations]));
}

/** Without those that another one covers; of equal ones the first stays. */
function merged(all: readonly Toleration[]): readonly Toleration[] {
  const kept: Toleration[] = [];
  for (const [index, toleration] of all.entries()) {
    if (kept.some((each) => covers(each, toleration))) continue;
    const later = all.slice(index + 1).some((each) => !sameValue(each, toleration) && covers(each, toleration));
    if (!later) kept.push(toleration);
  }
  return kept;
}

/** Whether one toleration tolerates all that another does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (sameValue(wide, narrow)) return true;
  const everything = (wide.key ?? '') === '' && wide.operator === 'Exists';
  if ((wide.key ?? '') !== (narrow.key ?? '') && !everything) return false;
  if ((wide.effect ?? '') !== '' && wide.effect !== narrow.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined)
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  if (wide.operator === 'Exists') return true;
  return (
    (wide.operator ?? 'Equal') === 'Equal' && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '')
  );
}
