import { duplicate, tooMany } from '../../machinery/field-errors.ts';
import type { Found } from '../validation/found.ts';

/** Every item of a list. One that is too long is not looked into. */
export function validateList<T>(
  list: readonly T[] | null | undefined,
  max: number,
  path: string,
  found: Found,
  validateItem: (item: T, path: string) => void,
): void {
  const items = list ?? [];
  if (items.length > max) found.later.push(tooMany(path, items.length, max));
  else for (const [index, item] of items.entries()) validateItem(item, `${path}[${index}]`);
}

/** The same for a list whose items must not have a key in common. */
export function validateSet<T>(
  list: readonly T[] | null | undefined,
  max: number,
  path: string,
  found: Found,
  keyOf: (item: T) => string,
  validateItem: (item: T, path: string) => void,
): void {
  const items = list ?? [];
  const seen = new Set<string>();
  for (const [index, item] of items.length > max ? [] : items.entries()) {
    const key = keyOf(item);
    if (seen.has(key)) found.later.push(duplicate(`${path}[${index}]`, item));
    seen.add(key);
  }
  validateList(items, max, path, found, validateItem);
}
