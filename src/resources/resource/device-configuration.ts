import { invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import type { DeviceConfiguration } from '../schema/resource-v1.generated.ts';
import type { Found } from '../validation/found.ts';
import { validateDeclaredDriverName } from './device-names.ts';

const longestParameters = 10 * 1024;

/** What a driver is told, in its own words. `stored`: it was there before, when it may have been longer. */
export function validateDeviceConfiguration(
  { opaque }: DeviceConfiguration,
  path: string,
  found: Found,
  stored = false,
): void {
  if (opaque === undefined) {
    found.now.push(required(`${path}.opaque`));
    return;
  }
  validateDeclaredDriverName(opaque.driver, `${path}.opaque.driver`, found);
  validateJsonObject(opaque.parameters, `${path}.opaque.parameters`, found, stored);
}

export function validateJsonObject(value: unknown, path: string, found: Found, stored = false): void {
  if (value === undefined || value === null) found.now.push(required(path));
  else if (!stored && byteLength(JSON.stringify(value)) > longestParameters)
    found.now.push(tooLong(path, longestParameters));
  else if (typeof value !== 'object' || Array.isArray(value))
    found.now.push(invalid(path, '<value omitted>', 'must be a valid JSON object'));
}
