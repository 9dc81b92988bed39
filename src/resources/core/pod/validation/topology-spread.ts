import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../../../machinery/label-selector.ts';
import type { TopologySpreadConstraint } from '../../../schema/core-v1.generated.ts';
import { validateLabelKeys, validateSelectedKeys } from './affinity.ts';

const actions = ['DoNotSchedule', 'ScheduleAnyway'];
const inclusionPolicies = ['Honor', 'Ignore'];

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  errors: FieldError[],
): void {
  const pairs = constraints.map(({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`);
  for (const [index, constraint] of constraints.entries()) {
    const place = `${path}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector, matchLabelKeys = [] } = constraint;
    if (!(maxSkew > 0)) errors.push(invalid(`${place}.maxSkew`, maxSkew ?? 0, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(`${place}.topologyKey`, 'can not be empty'));
    validateChoice(whenUnsatisfiable, actions, `${place}.whenUnsatisfiable`, errors);
    // Of two that are the same it is the first that is wrong.
    const pair = pairs[index] ?? '';
    if (pairs.includes(pair, index + 1)) errors.push(duplicate(`${place}.{topologyKey, whenUnsatisfiable}`, pair));
    validateMinDomains(constraint, `${place}.minDomains`, errors);
    validatePolicy(constraint.nodeAffinityPolicy, `${place}.nodeAffinityPolicy`, errors);
    validatePolicy(constraint.nodeTaintsPolicy, `${place}.nodeTaintsPolicy`, errors);
    validateLabelKeys(matchLabelKeys, labelSelector, `${place}.matchLabelKeys`, errors);
    validateSelectedKeys(matchLabelKeys, 'In', labelSelector, place, 'matchLabelKeys', errors);
    errors.push(...validateLabelSelector(labelSelector, `${place}.labelSelector`));
  }
}

function validateChoice(value: string, supported: readonly string[], path: string, errors: FieldError[]): void {
  if (!supported.includes(value)) errors.push(notSupported(path, value ?? '', supported));
}

function validatePolicy(value: string | undefined, path: string, errors: FieldError[]): void {
  if (value !== undefined) validateChoice(value, inclusionPolicies, path, errors);
}

function validateMinDomains(constraint: TopologySpreadConstraint, path: string, errors: FieldError[]): void {
  const { minDomains, whenUnsatisfiable } = constraint;
  if (minDomains === undefined) return;
  if (minDomains <= 0) errors.push(invalid(path, minDomains, 'must be greater than zero'));
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
    errors.push(invalid(path, minDomains, detail));
  }
}
