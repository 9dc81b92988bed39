import { quote } from './go-text.ts';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** As many nanoseconds as 63 bits can hold. */
const mostMs = 2 ** 63 / 1e6;

/** Milliseconds of a duration as Go writes it: `1h30m`, `-1.5s`. Throws an Error with the words of Go. */
export function parseGoDuration(text: string): number {
  const invalid = () => new Error(`time: invalid duration ${quote(text)}`);
  const negative = text.startsWith('-');
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let sum = 0;
  while (rest !== '') {
    const [number = ''] = /^\d*(?:\.\d*)?/.exec(rest) ?? [];
    if (!/\d/.test(number)) throw invalid();
    rest = rest.slice(number.length);
    const [unit = ''] = /^[^\d.]*/.exec(rest) ?? [];
    if (unit === '') throw new Error(`time: missing unit in duration ${quote(text)}`);
    const ms = unitMs[unit];
    if (ms === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    sum += Number(number) * ms;
    if (sum > mostMs) throw invalid();
  }
  return negative ? -sum : sum;
}

/** Whole milliseconds as Go writes a duration: `1h30m0s`, `3m0.5s`, `250ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const whole = Math.round(Math.abs(ms));
  const sign = ms < 0 && whole > 0 ? '-' : '';
  if (whole > 0 && whole < 1000) return `${sign}${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes % 60}m` : ''}${seconds}`;
}
