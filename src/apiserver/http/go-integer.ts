import { quote } from '../../machinery/go-text.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { badRequest } from '../../machinery/status-errors.ts';

/** A whole number of so many bits in a query. Throws BadRequest in Go's words. */
export function goInteger(text: string, bits: 32 | 64 = 64): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw unreadable(text, 'invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(bits, value) !== value) throw unreadable(text, 'value out of range');
  return value;
}

function unreadable(text: string, why: string): StatusError {
  return badRequest(`strconv.ParseInt: parsing ${quote(text)}: ${why}`);
}
