import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { equal } from '../equal.ts';

/** A field that no update may change. `shown` is the value in the message where that is not the new one. */
export function validateImmutable(
  value: unknown,
  old: unknown,
  path: string,
  errors: FieldError[],
  shown: unknown = value,
): void {
  if (!equal(value, old)) errors.push(invalid(path, shown, 'field is immutable'));
}
