import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, required } from '../../machinery/field-errors.ts';

/** Conditions of flow control: each type once, and nothing else is looked at. */
export function validateFlowConditions(
  conditions: readonly { readonly type: string }[] = [],
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [index, { type }] of conditions.entries()) {
    const path = `status.conditions[${index}].type`;
    if (seen.has(type)) errors.push(duplicate(path, type));
    seen.add(type);
    if (!type) errors.push(required(path));
  }
}
