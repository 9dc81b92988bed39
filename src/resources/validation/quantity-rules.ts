import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { formatQuantity, parseQuantity, type Quantity } from '../../machinery/quantity.ts';
import { isIntegerResource } from './resource-names.ts';

/** An amount of a resource: not negative, and whole where the resource is counted. */
export function validateResourceAmount(
  name: string,
  amount: string | number,
  path: string,
  errors: FieldError[],
): Quantity {
  const quantity = validateNonNegativeQuantity(amount, path, errors);
  if (isIntegerResource(name) && !isWhole(quantity))
    errors.push(invalid(path, formatQuantity(quantity), 'must be an integer'));
  return quantity;
}

export function validateNonNegativeQuantity(amount: string | number, path: string, errors: FieldError[]): Quantity {
  const quantity = parseQuantity(amount);
  if (quantity.unscaled < 0n)
    errors.push(invalid(path, formatQuantity(quantity), 'must be greater than or equal to 0'));
  return quantity;
}

export function isWhole({ unscaled, scale }: Quantity): boolean {
  return scale >= 0 || unscaled % 10n ** BigInt(-scale) === 0n;
}
