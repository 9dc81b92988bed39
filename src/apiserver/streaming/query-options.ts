import { quote } from '../../machinery/go-text.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { badRequest } from '../../machinery/status-errors.ts';

/** A flag in a query, read as Kubernetes reads it: there and neither `0` nor `false` in any case; without a value it is true. */
export function flagOption(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

const largest = 2n ** 63n - 1n;

/** A whole number of 64 bits in a query; undefined when it is not there. Throws BadRequest in Go's words. */
export function integerOption(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  return text === null ? undefined : integerOf(text);
}

/** All whole numbers of 32 bits of that name, in order. Throws BadRequest in Go's words. */
export function integerOptions(query: URLSearchParams, name: string): readonly number[] {
  return query.getAll(name).map((text) => {
    const value = integerOf(text);
    if (value > 2n ** 31n - 1n || value < -(2n ** 31n)) throw outOfRange(text);
    return Number(value);
  });
}

function integerOf(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text.replace('+', ''));
  if (value > largest || value < -largest - 1n) throw outOfRange(text);
  return value;
}

function outOfRange(text: string): StatusError {
  return badRequest(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
}
