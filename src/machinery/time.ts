import { quote } from './go-text.ts';

/** Kubernetes' two kinds of times: whole seconds (`Time`) and microseconds (`MicroTime`). */
export type TimePrecision = 'seconds' | 'microseconds';

const layouts: Readonly<Record<TimePrecision, string>> = {
  seconds: '2006-01-02T15:04:05Z07:00',
  microseconds: '2006-01-02T15:04:05.000000Z07:00',
};

/** What 0001-01-01T00:00:00Z is in milliseconds: a zero Time, which is written as null. */
const zeroTime = -62135596800000;

/** `2026-01-01T00:00:00Z`, from milliseconds since 1970; the fraction is cut off. */
export function formatTime(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, -5)}Z`;
}

/** `2026-01-01T00:00:00.123000Z`, from milliseconds since 1970, whose fraction may be microseconds. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor(ms * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${fraction}Z`;
}

/** Milliseconds since 1970 (with a fraction) of an RFC 3339 time; undefined when it is none, or absent. */
export function parseTime(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  const result = scan(text, 'seconds');
  return typeof result === 'string' ? undefined : result.seconds * 1000 + result.micros / 1000;
}

const canonicalSeconds = /^[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** A time as it is stored, in UTC; null for the zero time. What is no time is answered as `{ problem }` in Go's words. */
export function canonicalTime(text: string, precision: TimePrecision): string | null | { readonly problem: string } {
  if (precision === 'seconds' && canonicalSeconds.test(text)) return text;
  const result = scan(text, precision);
  if (typeof result === 'string') return { problem: result };
  const { seconds, micros } = result;
  if (seconds * 1000 === zeroTime && micros === 0) return null;
  const date = new Date(seconds * 1000);
  if (date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0) return { problem: outOfRange(text, 'year') };
  const head = date.toISOString().slice(0, -5);
  return precision === 'seconds' ? `${head}Z` : `${head}.${String(micros).padStart(6, '0')}Z`;
}

interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

/** One element of a layout: how it is called in messages, how it looks, and which values it may take. */
type Element = readonly [layout: string, pattern: RegExp, low: number, high: number, name: string];

const elements: readonly Element[] = [
  ['2006', /\d{4}/y, 0, 9999, 'year'],
  ['-', /-/y, 0, 0, ''],
  ['01', /\d{2}/y, 1, 12, 'month'],
  ['-', /-/y, 0, 0, ''],
  ['02', /\d{2}/y, 1, 31, 'day'],
  ['T', /T/y, 0, 0, ''],
  // Go reads an hour of one digit too.
  ['15', /\d{1,2}/y, 0, 23, 'hour'],
  [':', /:/y, 0, 0, ''],
  ['04', /\d{2}/y, 0, 59, 'minute'],
  [':', /:/y, 0, 0, ''],
  ['05', /\d{2}/y, 0, 59, 'second'],
];
const looseFraction = /[.,]\d+/y;
const exactFraction = /[.,]\d{6}/y;
const zone = /Z|([+-])(\d{2}):(\d{2})/y;

/** Reads a time in the order in which Go does, so that the first mistake is the one that is told. */
function scan(text: string, precision: TimePrecision): Instant | string {
  const fail = (at: number, element: string) =>
    `parsing time ${quote(text)} as ${quote(layouts[precision])}: cannot parse ${quote(text.slice(at))} as ${quote(element)}`;
  const values: number[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  for (const [layout, pattern, low, high, name] of elements) {
    const match = take(pattern);
    if (match === null) return fail(at, layout);
    if (name === '') continue;
    const value = Number(match[0]);
    if (value < low || value > high) return outOfRange(text, name);
    values.push(value);
  }
  const fraction = take(precision === 'seconds' ? looseFraction : exactFraction);
  if (fraction === null && precision === 'microseconds') return fail(at, '.000000');
  const zoneMatch = take(zone);
  if (zoneMatch === null) return fail(at, 'Z07:00');
  const [, sign, zoneHours = '0', zoneMinutes = '0'] = zoneMatch;
  if (Number(zoneHours) > 24) return outOfRange(text, 'time zone offset hour');
  if (Number(zoneMinutes) > 60) return outOfRange(text, 'time zone offset minute');
  if (at < text.length) return `parsing time ${quote(text)}: extra text: ${quote(text.slice(at))}`;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = values;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return outOfRange(text, 'day');
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60);
  return {
    seconds: date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset,
    micros: Number((fraction?.[0].slice(1) ?? '').padEnd(6, '0').slice(0, 6)),
  };
}

function outOfRange(text: string, name: string): string {
  return `parsing time ${quote(text)}: ${name} out of range`;
}

/** An age as kubectl prints it, with two units at most: `5d3h`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How long ago a time was, as the AGE columns show it; `now` in milliseconds since 1970. */
export function ageSince(time: string | null | undefined, now: number): string {
  const ms = parseTime(time);
  return ms === undefined || ms === zeroTime ? '<unknown>' : humanDuration(now - ms);
}
