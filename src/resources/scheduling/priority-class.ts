import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, notSupported } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { priorityClasses } from '../schema/resource-types.generated.ts';
import type { PriorityClass } from '../schema/scheduling-v1.generated.ts';
import { validateImmutable } from '../validation/immutable.ts';

/** What users may give; above it stand the two classes of the system. */
const highestUserDefinablePriority = 1_000_000_000;
const systemPrefix = 'system-';
const systemClasses: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);
const preemptionPolicies = ['PreemptLowerPriority', 'Never'];

export const priorityClassDefinition = define<PriorityClass>(priorityClasses, {
  storage: { keyPrefix: '/registry/priorityclasses/' },
  setDefaults(priorityClass) {
    priorityClass.value ??= 0;
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(priorityClass, old, errors) {
    if ((priorityClass.value ?? 0) !== (old.value ?? 0))
      errors.push(forbidden('value', 'may not be changed in an update.'));
    validateImmutable(priorityClass.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy', errors);
  },
  changesGeneration: () => false,
  row: ({ metadata, value, globalDefault, preemptionPolicy }, now) => [
    metadata.name ?? '',
    value ?? 0,
    globalDefault ?? false,
    ageSince(metadata.creationTimestamp, now),
    preemptionPolicy ?? '',
  ],
});

function validate(priorityClass: PriorityClass, errors: FieldError[]): void {
  const { metadata, value = 0, preemptionPolicy } = priorityClass;
  if (metadata.name?.startsWith(systemPrefix)) {
    const problem = systemClassProblem(metadata.name, priorityClass);
    if (problem !== undefined) {
      const detail = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${problem}`;
      errors.push(forbidden('metadata.name', detail));
    }
  } else if (value > highestUserDefinablePriority) {
    errors.push(
      forbidden('value', `maximum allowed value of a user defined priority is ${highestUserDefinablePriority}`),
    );
  }
  if (preemptionPolicy !== undefined && !preemptionPolicies.includes(preemptionPolicy))
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, preemptionPolicies));
}

function systemClassProblem(name: string, { value, globalDefault }: PriorityClass): string | undefined {
  const known = systemClasses.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if ((value ?? 0) !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
