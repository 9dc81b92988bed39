import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, required, tooMany } from '../../machinery/field-errors.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
} from '../../machinery/quantity.ts';
import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '../schema/resource-v1.generated.ts';

const mostValues = 10;
const largest = 2n ** 63n - 1n;

/** How much of a capacity may be asked for: one of some values, or a value of a range (KEP-5075). */
export function validateRequestPolicy(
  capacity: string | number,
  policy: CapacityRequestPolicy,
  path: string,
  errors: FieldError[],
): void {
  const { validValues = [], validRange, default: usual } = policy;
  const ofValues = validValues.length > 0;
  if (ofValues && validRange !== undefined) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    errors.push(forbidden(path, why));
    // A default that is missing is read as null.
  } else if (usual == null) {
    const which = ofValues ? 'validValues' : 'validRange';
    if (ofValues || validRange !== undefined)
      errors.push(required(`${path}.default`, `required when ${which} is defined`));
  } else if (ofValues) {
    const values = validValues.map(parseQuantity);
    validateValues(parseQuantity(usual), parseQuantity(capacity), values, `${path}.validValues`, errors);
  } else if (validRange !== undefined)
    validateRange(parseQuantity(usual), parseQuantity(capacity), validRange, `${path}.validRange`, errors);
}

function validateValues(
  usual: Quantity,
  capacity: Quantity,
  values: readonly Quantity[],
  path: string,
  errors: FieldError[],
): void {
  for (const [index, value] of values.entries()) {
    const before = values[index - 1];
    if (before !== undefined && compareQuantities(before, value) > 0)
      errors.push(invalid(`${path}[${index}]`, formatQuantity(value), 'values must be sorted in ascending order'));
  }
  if (values.length > mostValues) errors.push(tooMany(path, values.length, mostValues));
  else {
    for (const [index, value] of values.entries())
      if (compareQuantities(value, capacity) > 0) {
        const why = `option is larger than capacity value: ${formatQuantity(capacity)}`;
        errors.push(invalid(`${path}[${index}]`, formatQuantity(value), why));
      }
    const seen = new Set<bigint>();
    for (const [index, value] of values.entries()) {
      const whole = scaledValue(value, 0);
      if (seen.has(whole)) errors.push(duplicate(`${path}[${index}]`, String(whole)));
      seen.add(whole);
    }
    if (values.some((value) => compareQuantities(value, usual) === 0)) return;
  }
  errors.push(invalid(path, formatQuantity(usual), 'default value is not valid according to the requestPolicy'));
}

function validateRange(
  usual: Quantity,
  capacity: Quantity,
  range: CapacityRequestPolicyRange,
  path: string,
  errors: FieldError[],
): void {
  const quantity = (value: string | number | undefined) => (value === undefined ? undefined : parseQuantity(value));
  const [min, max, step] = [quantity(range.min), quantity(range.max), quantity(range.step)];
  if (min === undefined) {
    errors.push(required(`${path}.min`, 'required when validRange is defined'));
    return;
  }
  const text = formatQuantity;
  const wrong = (field: string, value: Quantity, why: string) =>
    errors.push(invalid(`${path}.${field}`, text(value), why));
  const above = (a: Quantity, b: Quantity) => compareQuantities(a, b) > 0;
  if (above(min, capacity)) wrong('min', min, `min is larger than capacity value: ${text(capacity)}`);
  if (above(min, usual)) wrong('default', usual, `default is less than min: ${text(min)}`);
  if (max !== undefined) {
    if (above(min, max)) wrong('max', min, `min is larger than max: ${text(max)}`);
    if (above(max, capacity)) wrong('max', max, `max is larger than capacity value: ${text(capacity)}`);
    if (above(usual, max)) wrong('default', usual, `default is more than max: ${text(max)}`);
  }
  if (step === undefined) return;
  if (scaledValue(step, 0) <= 0n) {
    wrong('step', step, 'must be greater than zero');
    return;
  }
  const added = addQuantities(min, step);
  if (above(added, capacity))
    wrong('step', step, `one step ${text(added)} is larger than capacity value: ${text(capacity)}`);
  let usable = true;
  for (const [field, value] of Object.entries({ default: usual, min, max, step })) {
    if (value === undefined) continue;
    const whole = scaledValue(value, 0);
    if (whole < 0n) wrong(field, value, 'must be greater than or equal to 0');
    if (whole > largest) wrong(field, value, `must not be larger than ${largest}`);
    usable &&= whole >= 0n && whole <= largest;
  }
  if (!usable) return;
  for (const value of [usual, ...(max === undefined ? [] : [max])])
    if ((scaledValue(value, 0) - scaledValue(min, 0)) % scaledValue(step, 0) !== 0n)
      wrong('step', value, `value is not a multiple of a given step (${text(step)}) from (${text(min)})`);
}
