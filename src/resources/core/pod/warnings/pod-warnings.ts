import { quote } from '../../../../machinery/go-text.ts';
import { dnsLabel } from '../../../../machinery/names.ts';
import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../../../schema/core-v1.generated.ts';
import type { ObjectMeta } from '../../../schema/meta-v1.generated.ts';
import { isWhole } from '../../../validation/quantity-rules.ts';
import { annotationWarnings, appArmorWarnings, seccompWarnings } from './annotation-warnings.ts';
import { nodeLabelWarnings, podAffinityWarnings, spreadWarnings } from './label-warnings.ts';
import { portWarnings } from './port-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

const emptySpec: PodSpec = { containers: [] };

/** What Kubernetes says about a new pod that it accepts all the same. Updates come too often, and from no human being. */
export function podWarnings({ metadata, spec = emptySpec }: Pod, old: Pod | undefined): readonly string[] {
  if (old !== undefined) return [];
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const warnings = [...appArmorWarnings(metadata, containers, '', () => false), ...hostnameWarnings(metadata)];
  collect(metadata, spec, '', warnings);
  return warnings;
}

function hostnameWarnings({ name = '' }: ObjectMeta): readonly string[] {
  const problems = name === '' ? [] : dnsLabel(name);
  if (problems.length === 0) return [];
  const advice =
    "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: ${advice}: [${problems.join(' ')}]`];
}

/** The same for the pods that a workload will make. */
export function podTemplateWarnings(template: PodTemplateSpec | undefined, path = 'spec.template'): readonly string[] {
  const warnings: string[] = [];
  if (template !== undefined) collect(template.metadata ?? {}, template.spec ?? emptySpec, `${path}.`, warnings);
  return warnings;
}

/** `prefix` leads to the template: empty for a pod. */
function collect(metadata: ObjectMeta, spec: PodSpec, prefix: string, warnings: string[]): void {
  const path = `${prefix}spec`;
  warnings.push(...nodeLabelWarnings(spec, path));
  if (spec.topologySpreadConstraints !== undefined) warnings.push(...spreadWarnings(spec, path));
  if (metadata.annotations !== undefined) warnings.push(...annotationWarnings(metadata, prefix));
  if (spec.volumes !== undefined) warnings.push(...volumeWarnings(spec.volumes, path));
  warnings.push(...aliasWarnings(spec, path), ...pullSecretWarnings(spec, path));
  if (metadata.annotations !== undefined) warnings.push(...seccompWarnings(metadata, spec, prefix));
  for (const [place, container] of numbered(spec, path)) {
    if (prefix !== '') {
      const hasField = (each: Container) => each.securityContext?.appArmorProfile !== undefined;
      warnings.push(...appArmorWarnings(metadata, [container], prefix, hasField));
    }
    warnings.push(...fractionWarnings(container, place), ...envWarnings(container, place));
  }
  warnings.push(...portWarnings(numbered(spec, path)));
  if (spec.affinity !== undefined) warnings.push(...podAffinityWarnings(spec.affinity, `${path}.affinity`));
}

function numbered(spec: PodSpec, path: string): readonly (readonly [place: string, container: Container])[] {
  const { initContainers = [], containers } = spec;
  return [
    ...initContainers.map((container, index) => [`${path}.initContainers[${index}]`, container] as const),
    ...containers.map((container, index) => [`${path}.containers[${index}]`, container] as const),
  ];
}

function aliasWarnings({ hostAliases = [] }: PodSpec, path: string): readonly string[] {
  const seen = new Set<string>();
  return hostAliases.flatMap(({ ip }, index) => {
    const known = seen.has(ip);
    seen.add(ip);
    return known ? [`${path}.hostAliases[${index}].ip: duplicate ip ${quote(ip)}`] : [];
  });
}

function pullSecretWarnings({ imagePullSecrets = [] }: PodSpec, path: string): readonly string[] {
  const names = imagePullSecrets.map(({ name = '' }) => name);
  const place = (index: number) => `${path}.imagePullSecrets[${index}].name`;
  return [
    ...names.flatMap((name, index) =>
      name !== '' && names.indexOf(name) < index ? [`${place(index)}: duplicate name ${quote(name)}`] : [],
    ),
    ...names.flatMap((name, index) => (name === '' ? [`${place(index)}: invalid empty name ""`] : [])),
  ];
}

/** Memory and disk come in whole bytes. */
function fractionWarnings({ resources }: Container, path: string): readonly string[] {
  const warnings: string[] = [];
  for (const name of ['memory', 'ephemeral-storage'])
    for (const list of ['limits', 'requests'] as const) {
      const amount = resources?.[list]?.[name];
      if (amount === undefined || isWhole(parseQuantity(amount))) continue;
      const shown = quote(String(amount));
      const detail = `fractional byte value ${shown} is invalid, must be an integer`;
      warnings.push(`${path}.resources.${list}[${name}]: ${detail}`);
    }
  return warnings;
}

/** A variable may be given again when its new value builds on the old one. */
function envWarnings({ env = [] }: Container, path: string): readonly string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name, value = '' }, index) => {
    const known = seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    if (!known || (value !== reference && value.includes(reference))) return [];
    const detail = `hides previous definition of ${quote(name)}, which may be dropped when using apply`;
    return [`${path}.env[${index}]: ${detail}`];
  });
}
