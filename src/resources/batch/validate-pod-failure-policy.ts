import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, indexPath, invalid, notSupported, required, tooMany } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import { qualifiedName } from '../../machinery/names.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from '../schema/batch-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';

const maxRules = 20;
const maxExitCodes = 255;
const maxConditions = 20;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

/** The failure policy of a spec that has one. */
export function validatePodFailurePolicy(spec: JobSpec, path: string, errors: FieldError[]): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const rulesPath = `${path}.rules`;
  if (rules.length > maxRules) errors.push(tooMany(rulesPath, rules.length, maxRules));
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  for (const [index, rule] of rules.entries()) validateRule(spec, rule, indexPath(rulesPath, index), names, errors);
}

function validateRule(
  spec: JobSpec,
  rule: PodFailurePolicyRule,
  path: string,
  names: ReadonlySet<string>,
  errors: FieldError[],
): void {
  const { action = '', onExitCodes, onPodConditions = [] } = rule;
  if (action === '') errors.push(required(`${path}.action`, validValues(actions)));
  else if (!actions.includes(action)) errors.push(notSupported(`${path}.action`, action, actions));
  else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes !== undefined) validateExitCodes(onExitCodes, `${path}.onExitCodes`, names, errors);
  if (onPodConditions.length > 0) validateConditions(onPodConditions, `${path}.onPodConditions`, errors);
  const withoutValue = (detail: string): FieldError => ({ type: 'FieldValueInvalid', field: path, detail });
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    errors.push(withoutValue('specifying both OnExitCodes and OnPodConditions is not supported'));
  if (onExitCodes === undefined && onPodConditions.length === 0)
    errors.push(withoutValue('specifying one of OnExitCodes and OnPodConditions is required'));
}

function validateConditions(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: string,
  errors: FieldError[],
): void {
  if (patterns.length > maxConditions) errors.push(tooMany(path, patterns.length, maxConditions));
  for (const [index, { type, status = '' }] of patterns.entries()) {
    const at = indexPath(path, index);
    applyRule(qualifiedName, type, `${at}.type`, errors);
    if (status === '') errors.push(required(`${at}.status`, validValues(statuses)));
    else if (!statuses.includes(status)) errors.push(notSupported(`${at}.status`, status, statuses));
  }
}

function validateExitCodes(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  path: string,
  names: ReadonlySet<string>,
  errors: FieldError[],
): void {
  const { operator = '', containerName, values = [] } = requirement;
  if (operator === '') errors.push(required(`${path}.operator`, validValues(operators)));
  else if (!operators.includes(operator)) errors.push(notSupported(`${path}.operator`, operator, operators));
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${path}.containerName`, containerName, detail));
  }
  const valuesPath = `${path}.values`;
  if (values.length === 0) errors.push(invalid(valuesPath, requirement.values, 'at least one value is required'));
  else if (values.length > maxExitCodes) errors.push(tooMany(valuesPath, values.length, maxExitCodes));
  const seen = new Set<number>();
  for (const [index, value] of values.entries()) {
    const at = indexPath(valuesPath, index);
    if (operator === 'In' && value === 0) errors.push(invalid(at, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(at, value));
    seen.add(value);
  }
  const ordered = values.every((value, index) => index === 0 || (values[index - 1] ?? 0) <= value);
  if (!ordered) errors.push(invalid(valuesPath, values, 'must be ordered'));
}

/** `valid values: ["In" "NotIn"]`, as Go prints a list. */
function validValues(values: readonly string[]): string {
  return `valid values: [${values.map(quote).join(' ')}]`;
}
