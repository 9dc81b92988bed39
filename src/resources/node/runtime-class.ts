import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, required } from '../../machinery/field-errors.ts';
import { dnsLabel, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { validateLabels } from '../../machinery/object-meta.ts';
import { ageSince } from '../../machinery/time.ts';
import { validateContainerResources } from '../core/pod/validation/resources.ts';
import { validateTolerations } from '../core/pod/validation/tolerations.ts';
import { define } from '../define.ts';
import type { Toleration } from '../schema/core-v1.generated.ts';
import type { RuntimeClass } from '../schema/node-v1.generated.ts';
import { runtimeClasses } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';

/** How a node runs a pod, by the name that its runtime has for it, and what that costs and needs (KEP-585). */
export const runtimeClassDefinition = define<RuntimeClass>(runtimeClasses, {
  metadataAsNew: true,
  anyFinalizer: true,
  storage: { keyPrefix: '/registry/runtimeclasses/' },
  validateName: nameIsDnsSubdomain,
  validate(runtimeClass, errors) {
    const { handler, overhead, scheduling } = runtimeClass;
    if (!handler) errors.push(required('handler'));
    else applyRule(dnsLabel, handler, 'handler', errors);
    if (overhead?.podFixed !== undefined)
      validateContainerResources({ limits: overhead.podFixed }, new Set(), 'overhead', errors);
    if (scheduling?.nodeSelector !== undefined)
      errors.push(...validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector'));
    validateUniqueTolerations(scheduling?.tolerations ?? [], errors);
  },
  validateUpdate(runtimeClass, old, errors) {
    validateImmutable(runtimeClass.handler, old.handler, 'handler', errors, null);
  },
  unconditionalUpdate: false,
  createOnUpdate: true,
  row: ({ metadata, handler }, now) => [metadata.name ?? '', handler, ageSince(metadata.creationTimestamp, now)],
});

function validateUniqueTolerations(tolerations: readonly Toleration[], errors: FieldError[]): void {
  const path = 'scheduling.tolerations';
  validateTolerations(tolerations, path, errors);
  const seen = new Set<string>();
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const text = JSON.stringify([key, operator, value, effect]);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, goValue(toleration, 'core.v1.Toleration')));
    seen.add(text);
  }
}
