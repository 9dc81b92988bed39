import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { parseQuantity, scaledValue } from '../../machinery/quantity.ts';

/** An amount of storage that there is: not negative. */
export function validateVolumeAmount(amount: string | number, path: string, errors: FieldError[]): void {
  const value = scaledValue(parseQuantity(amount), 0);
  if (value < 0n) errors.push(invalid(path, Number(value), 'must be a valid resource quantity'));
}
