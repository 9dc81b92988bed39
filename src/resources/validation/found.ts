import type { FieldError } from '../../machinery/field-error.ts';

/** What is wrong with an object: Kubernetes checks declared rules after the handwritten ones, which shows in the order of its messages. */
export interface Found {
  readonly now: FieldError[];
  /** By declared rules. */
  readonly later: FieldError[];
}

/** Appends what the rules of a kind find. */
export function find(errors: FieldError[], rules: (found: Found) => void): void {
  const found: Found = { now: [], later: [] };
  rules(found);
  errors.push(...found.now, ...found.later);
}
