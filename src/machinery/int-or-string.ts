import { quote } from './go-text.ts';

/** A number, or a percentage of something: `maxSurge: 25%`. */
export type IntOrString = number | string;

/**
 * The number itself, or the percentage of `total`, rounded as asked.
 * Throws an Error in Kubernetes' words when the text is no percentage.
 */
export function scaledIntOrPercent(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const exact = (percentOf(value) * total) / 100;
  return (roundUp ? Math.ceil(exact) : Math.floor(exact)) + 0;
}

/** The percentage that a text names; throws an Error when it names none. */
export function percentOf(value: string): number {
  if (!value.endsWith('%')) throw new Error('invalid value for IntOrString: invalid type: string is not a percentage');
  const digits = value.slice(0, -1);
  if (/^[+-]?\d+$/.test(digits)) return Number(digits);
  const why = `strconv.Atoi: parsing ${quote(digits)}: invalid syntax`;
  throw new Error(`invalid value for IntOrString: invalid value ${quote(value)}: ${why}`);
}
