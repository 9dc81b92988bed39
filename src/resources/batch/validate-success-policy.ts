import type { FieldError } from '../../machinery/field-error.ts';
import { indexPath, invalid, required, tooLong, tooMany } from '../../machinery/field-errors.ts';
import type { JobSpec, SuccessPolicyRule } from '../schema/batch-v1.generated.ts';
import { validateNonNegative } from '../validation/numbers.ts';
import { checkIndexes } from './check-indexes.ts';

const maxRules = 20;
const maxIndexesBytes = 64 * 1024;

/** The success policy of the spec of an indexed job that has one. */
export function validateSuccessPolicy(spec: JobSpec, path: string, errors: FieldError[]): void {
  const rules = spec.successPolicy?.rules ?? [];
  const rulesPath = `${path}.rules`;
  const none = 'at least one rules must be specified when the successPolicy is specified';
  if (rules.length === 0) errors.push(required(rulesPath, none));
  if (rules.length > maxRules) errors.push(tooMany(rulesPath, rules.length, maxRules));
  for (const [index, rule] of rules.entries())
    validateRule(rule, spec.completions ?? 0, indexPath(rulesPath, index), errors);
}

function validateRule(rule: SuccessPolicyRule, completions: number, path: string, errors: FieldError[]): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined)
    errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (indexes.length > maxIndexesBytes) errors.push(tooLong(at, maxIndexesBytes));
    const checked = checkIndexes(indexes, completions);
    if (typeof checked === 'number') total = checked;
    else errors.push(invalid(at, indexes, `error parsing succeededIndexes: ${checked.problem}`));
  }
  if (count === undefined) return;
  const at = `${path}.succeededCount`;
  validateNonNegative(count, at, errors);
  const tooHigh = (limit: number, what: string) =>
    invalid(at, count, `must be less than or equal to ${limit} (the number of ${what})`);
  if (count > completions) errors.push(tooHigh(completions, 'specified completions'));
  if (indexes !== undefined && count > total)
    errors.push(tooHigh(total, 'indexes in the specified succeededIndexes field'));
}
