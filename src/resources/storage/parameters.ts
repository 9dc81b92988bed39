import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

/** What a class hands to its driver; the names mean something to the driver alone. */
export function validateParameters(parameters: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const keys = Object.keys(parameters);
  if (keys.length > maxParameters) {
    errors.push(tooLong('parameters', maxParameters));
    return;
  }
  let size = 0;
  for (const key of keys) {
    if (key === '') errors.push(invalid('parameters', key, 'field can not be empty.'));
    size += byteLength(key) + byteLength(parameters[key] ?? '');
  }
  if (size > maxParameterBytes) errors.push(tooLong('parameters', maxParameterBytes));
}
