import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, invalid, notSupported, required, tooLong } from '../../machinery/field-errors.ts';
import { conditionReason, qualifiedName } from '../../machinery/names.ts';
import type { Condition } from '../schema/meta-v1.generated.ts';
import { applyRule } from './apply-rule.ts';

const statuses = ['False', 'True', 'Unknown'];
const longestReason = 1024;
const longestMessage = 32 * 1024;

/** The rules for conditions of the common type, each type at most once. */
export function validateConditions(conditions: readonly Condition[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, condition] of conditions.entries()) {
    const { type } = condition;
    if (seen.has(type)) errors.push(duplicate(`${path}[${index}]`, type));
    seen.add(type);
    validateCondition(condition, `${path}[${index}]`, errors);
  }
}

function validateCondition(condition: Condition, path: string, errors: FieldError[]): void {
  const { type, status, reason, message, lastTransitionTime, observedGeneration = 0 } = condition;
  if (type === '') errors.push(required(`${path}.type`, 'is required'));
  else applyRule(qualifiedName, type, `${path}.type`, errors);
  if (status === '') errors.push(required(`${path}.status`));
  else if (!statuses.includes(status)) errors.push(notSupported(`${path}.status`, status, statuses));
  if (observedGeneration < 0)
    errors.push(invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'));
  if (!lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`));
  if (reason === '') errors.push(required(`${path}.reason`));
  else {
    applyRule(conditionReason, reason, `${path}.reason`, errors);
    if (Buffer.byteLength(reason) > longestReason) errors.push(tooLong(`${path}.reason`, longestReason));
  }
  if (Buffer.byteLength(message) > longestMessage) errors.push(tooLong(`${path}.message`, longestMessage));
}
