import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required, tooLong } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import {
  compileLabelSelector,
  type LabelSelector,
  type LabelSelectorObject,
  validateLabelSelector,
} from '../../machinery/label-selector.ts';
import { validatePodTemplate } from '../core/pod/pod-template.ts';
import type { JobSpec } from '../schema/batch-v1.generated.ts';
import { validateDomainPrefixedPath } from '../validation/domain-prefixed-path.ts';
import { goValue, sortedMembers } from '../validation/go-value.ts';
import { validateNonNegatives } from '../validation/numbers.ts';
import { validatePodFailurePolicy } from './validate-pod-failure-policy.ts';
import { validateSuccessPolicy } from './validate-success-policy.ts';

const maxParallelismOfIndexed = 100_000;
const maxFailedIndexes = 100_000;
const manyCompletions = 100_000;
const maxParallelismOfMany = 10_000;
const maxFailedIndexesOfMany = 10_000;
const maxManagedByBytes = 63;

/** The spec of a job, whose selector must find the pods of its template. */
export function validateCompleteJobSpec(spec: JobSpec, errors: FieldError[]): void {
  validateJobSpec(spec, 'spec', errors);
  if (spec.selector === undefined) errors.push(required('spec.selector'));
  else errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const selector = compiledOrUndefined(spec.selector);
  const labels = spec.template.metadata?.labels;
  const mismatch = '`selector` does not match template `labels`';
  if (selector !== undefined && !selector.matches(labels))
    errors.push(invalid('spec.template.metadata.labels', labels && sortedMembers(labels), mismatch));
}

/** A selector that cannot be understood has been told of elsewhere. */
export function compiledOrUndefined(selector: LabelSelectorObject | undefined): LabelSelector | undefined {
  try {
    return compileLabelSelector(selector);
  } catch {
    return undefined;
  }
}

/** The spec at `path`, of a job or in the template of a CronJob. */
export function validateJobSpec(spec: JobSpec, path: string, errors: FieldError[]): void {
  validateNonNegatives(
    spec,
    [
      'parallelism',
      'completions',
      'activeDeadlineSeconds',
      'backoffLimit',
      'ttlSecondsAfterFinished',
      'backoffLimitPerIndex',
      'maxFailedIndexes',
    ],
    path,
    errors,
  );
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  validateManagedBy(spec.managedBy, `${path}.managedBy`, errors);
  validateCompletionMode(spec, path, errors);
  if (spec.podFailurePolicy !== undefined) validatePodFailurePolicy(spec, `${path}.podFailurePolicy`, errors);
  if (spec.successPolicy !== undefined) {
    const shown = () => goValue(spec.successPolicy, 'batch.v1.SuccessPolicy');
    if (spec.completionMode === 'Indexed') validateSuccessPolicy(spec, `${path}.successPolicy`, errors);
    else errors.push(invalid(`${path}.successPolicy`, shown(), 'requires indexed completion mode'));
  }
  validateReplacementPolicy(spec, `${path}.podReplacementPolicy`, errors);
  validatePodTemplate(spec.template, `${path}.template`, errors);
  validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`, errors);
}

function validateManagedBy(managedBy: string | undefined, path: string, errors: FieldError[]): void {
  if (managedBy === undefined) return;
  validateDomainPrefixedPath(managedBy, path, errors);
  if (managedBy.length > maxManagedByBytes) errors.push(tooLong(path, maxManagedByBytes));
}

function validateCompletionMode(spec: JobSpec, path: string, errors: FieldError[]): void {
  const { completionMode } = spec;
  if (completionMode === undefined || completionMode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] === undefined) continue;
      errors.push(invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
    }
  } else if (completionMode === 'Indexed') validateIndexed(spec, path, errors);
  else errors.push(notSupported(`${path}.completionMode`, completionMode, ['NonIndexed', 'Indexed']));
}

function validateIndexed(spec: JobSpec, path: string, errors: FieldError[]): void {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec;
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', value: number, limit: number, when: string) => {
    if (value > limit) errors.push(invalid(`${path}.${field}`, value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  atMost('parallelism', parallelism, maxParallelismOfIndexed, ' when completion mode is Indexed');
  if (completions !== undefined && failed !== undefined && failed > completions)
    errors.push(invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
  atMost('maxFailedIndexes', failed ?? 0, maxFailedIndexes, '');
  if ((completions ?? 0) <= manyCompletions || spec.backoffLimitPerIndex === undefined) return;
  const detail = `must be specified when completions is above ${manyCompletions}`;
  if (failed === undefined) errors.push(required(`${path}.maxFailedIndexes`, detail));
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`;
  atMost('parallelism', parallelism, maxParallelismOfMany, when);
  atMost('maxFailedIndexes', failed ?? 0, maxFailedIndexesOfMany, when);
}

function validateReplacementPolicy(spec: JobSpec, path: string, errors: FieldError[]): void {
  const { podReplacementPolicy: policy, podFailurePolicy } = spec;
  // A failure policy judges pods by how they ended, so they have to end first.
  const supported = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (policy !== undefined && !supported.includes(policy)) errors.push(notSupported(path, policy, supported));
}

function validateRestartPolicy(spec: JobSpec, path: string, errors: FieldError[]): void {
  const restartPolicy = spec.template.spec?.restartPolicy ?? '';
  const supported = ['OnFailure', 'Never'];
  if (restartPolicy === '' || restartPolicy === 'Always')
    errors.push(required(path, `valid values: ${supported.map(quote).join(', ')}`));
  else if (!supported.includes(restartPolicy)) errors.push(notSupported(path, restartPolicy, supported));
  else if (spec.podFailurePolicy !== undefined && restartPolicy !== 'Never')
    errors.push(invalid(path, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'));
}
