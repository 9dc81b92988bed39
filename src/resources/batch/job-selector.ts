import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, keyPath, required } from '../../machinery/field-errors.ts';
import type { Draft } from '../../machinery/object.ts';
import type { Job, JobSpec } from '../schema/batch-v1.generated.ts';
import { sortedMembers } from '../validation/go-value.ts';
import { jobLabels } from './job-labels.ts';
import { compiledOrUndefined } from './validate-job-spec.ts';

const nameLabels = [jobLabels.legacyName, jobLabels.name];
const uidLabels = [jobLabels.legacyControllerUid, jobLabels.controllerUid];

/** Labels that only pods of this job have, and the selector that finds them. What the user gave stays, and may then be refused. */
export function generateSelector({ metadata }: Draft<Job>, spec: Draft<JobSpec>): void {
  const { name = '', uid = '' } = metadata;
  spec.template.metadata ??= {};
  spec.template.metadata.labels ??= {};
  const { labels } = spec.template.metadata;
  for (const label of nameLabels) labels[label] ??= name;
  for (const label of uidLabels) labels[label] ??= uid;
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels[jobLabels.controllerUid] ??= uid;
}

/** A selector that was generated selects this job's pods and no others, unless the user wrote conflicting labels. */
export function validateGeneratedSelector({ metadata, spec }: Job, errors: FieldError[]): void {
  if (spec?.manualSelector === true || spec?.selector === undefined) return;
  const { name = '', uid = '' } = metadata;
  const labels = spec.template.metadata?.labels ?? {};
  const expected: Readonly<Record<string, string>> = {
    [jobLabels.legacyControllerUid]: uid,
    [jobLabels.legacyName]: name,
    [jobLabels.controllerUid]: uid,
    [jobLabels.name]: name,
  };
  for (const [label, value] of Object.entries(expected)) {
    const path = keyPath('spec.template.metadata.labels', label);
    const found = labels[label];
    if (found === undefined) errors.push(required(path, `must be '${value}'`));
    else if (found !== value) errors.push(invalid(path, sortedMembers(labels), `must be '${value}'`));
  }
  const selector = compiledOrUndefined(spec.selector);
  if (selector !== undefined && !selector.matches(expected))
    errors.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
}
