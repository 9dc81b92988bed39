import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { percentString } from '../../machinery/names.ts';
import { applyRule } from './apply-rule.ts';

const negative = 'must be greater than or equal to 0';

export function validateNonNegative(value: number | undefined, path: string, errors: FieldError[]): void {
  if (value !== undefined && value < 0) errors.push(invalid(path, value, negative));
}

/** The named numbers of an object, none of which may be negative. */
export function validateNonNegatives<T extends object>(
  object: T,
  names: readonly (keyof T & string)[],
  path: string,
  errors: FieldError[],
): void {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'number') validateNonNegative(value, `${path}.${name}`, errors);
  }
}

/** A number that is not negative, or a percentage. */
export function validateIntOrPercent(value: number | string, path: string, errors: FieldError[]): void {
  if (typeof value === 'number') validateNonNegative(value, path, errors);
  else applyRule(percentString, value, path, errors);
}

/** The number that a percentage names; undefined when the text is none. */
export function percentValue(value: number | string): number | undefined {
  if (typeof value === 'number' || percentString(value).length > 0) return undefined;
  return Number(value.slice(0, -1));
}

/** The number itself or that of the percentage; 0 for a text that is neither. */
export function numberOrPercent(value: number | string): number {
  if (typeof value === 'number') return value;
  return percentValue(value) ?? (/^[+-]?\d+$/.test(value) ? Number(value) : 0);
}

export function validateAtMost100Percent(value: number | string, path: string, errors: FieldError[]): void {
  if ((percentValue(value) ?? 0) > 100) errors.push(invalid(path, value, 'must not be greater than 100%'));
}
