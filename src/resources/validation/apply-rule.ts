import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import type { NameRule } from '../../machinery/names.ts';

/** Appends one error for everything that a rule finds wrong with a value. */
export function applyRule(rule: NameRule, value: string, path: string, errors: FieldError[]): void {
  for (const problem of rule(value)) errors.push(invalid(path, value, problem));
}

/** The same for rules on numbers. */
export function applyNumberRule(
  rule: (value: number) => readonly string[],
  value: number,
  path: string,
  errors: FieldError[],
): void {
  for (const problem of rule(value)) errors.push(invalid(path, value, problem));
}
