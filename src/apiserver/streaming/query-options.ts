import { goInteger } from '../http/go-integer.ts';

/** A flag in a query, read as Kubernetes reads it: there and neither `0` nor `false` in any case; without a value it is true. */
export function flagOption(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** A whole number of 64 bits in a query; undefined when it is not there. Throws BadRequest in Go's words. */
export function integerOption(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  return text === null ? undefined : goInteger(text);
}

/** All whole numbers of 32 bits of that name, in order. Throws BadRequest in Go's words. */
export function integerOptions(query: URLSearchParams, name: string): readonly number[] {
  return query.getAll(name).map((text) => Number(goInteger(text, 32)));
}
