import { quote } from '../../machinery/go-text.ts';

/** The values that a field of a schedule may have, and what they are called. */
export interface FieldRange {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

/** The values that were asked for. `star`: the field says nothing, as `*` does. */
export interface ScheduleField {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Minute, hour, day of the month, month, day of the week: the order of a line of crontab. */
export const fieldRanges: readonly FieldRange[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];

const largest = 2n ** 63n - 1n;

/** Understands one field: numbers, names, ranges and steps, separated by commas. Throws an Error that says what is wrong. */
export function parseScheduleField(text: string, range: FieldRange): ScheduleField {
  const values = new Set<number>();
  let star = false;
  for (const expression of text.split(',')) {
    if (expression === '') continue;
    const part = parseRange(expression, range);
    for (let value = part.start; value <= part.end; value += part.step) values.add(value);
    star ||= part.star;
  }
  return { values, star };
}

function parseRange(expression: string, range: FieldRange) {
  const [wanted = '', stepText, ...slashes] = expression.split('/');
  const [low = '', high, ...hyphens] = wanted.split('-');
  const any = low === '*' || low === '?';
  let start = range.min;
  let end = range.max;
  if (!any) {
    start = numberOrName(low, range);
    if (hyphens.length > 0) throw new Error(`too many hyphens: ${expression}`);
    end = high === undefined ? start : numberOrName(high, range);
  }
  if (slashes.length > 0) throw new Error(`too many slashes: ${expression}`);
  const step = stepText === undefined ? 1 : natural(stepText);
  // `5/15` means from the 5th on.
  if (stepText !== undefined && high === undefined) end = range.max;
  if (start < range.min) throw new Error(`beginning of range (${start}) below minimum (${range.min}): ${expression}`);
  if (end > range.max) throw new Error(`end of range (${end}) above maximum (${range.max}): ${expression}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${expression}`);
  return { start, end, step, star: any && step === 1 };
}

function numberOrName(text: string, { names, min }: FieldRange): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named + min : natural(text);
}

function natural(text: string): number {
  const failure = (problem: string) =>
    new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: ${problem}`);
  if (!/^[+-]?\d+$/.test(text)) throw failure('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (value > largest || value < -largest - 1n) throw failure('value out of range');
  if (value < 0n) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return Number(value);
}
