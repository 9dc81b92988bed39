import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ageSince, canonicalTime, formatMicroTime, formatTime, humanDuration, parseTime } from './time.ts';

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
  ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00Z'],
  ['2024-01-01T00:00:00.1234567Z', '2024-01-01T00:00:00Z'],
  ['2024-01-01T00:00:00+02:00', '2023-12-31T22:00:00Z'],
  ['2024-01-01T0:00:00Z', '2024-01-01T00:00:00Z'],
  ['0001-01-01T00:00:00Z', null],
])('%s is stored as %s', (text, stored) => {
  expect(canonicalTime(text, 'seconds')).toBe(stored);
});

const seconds = '2006-01-02T15:04:05Z07:00';
const micros = '2006-01-02T15:04:05.000000Z07:00';
test.each([
  ['2024-01-01t00:00:00z', 'seconds', `as "${seconds}": cannot parse "t00:00:00z" as "T"`],
  ['2024-02-30T00:00:00Z', 'seconds', ': day out of range'],
  ['2024-01-01', 'seconds', `as "${seconds}": cannot parse "" as "T"`],
  ['', 'seconds', `as "${seconds}": cannot parse "" as "2006"`],
  ['2024-01-01T24:00:00Z', 'seconds', ': hour out of range'],
  ['2024-01-01T00:00:60Z', 'seconds', ': second out of range'],
  ['10000-01-01T00:00:00Z', 'seconds', `as "${seconds}": cannot parse "0-01-01T00:00:00Z" as "-"`],
  ['2024-01-01T00:00:00+25:00', 'seconds', ': time zone offset hour out of range'],
  ['2024-01-01T00:00:00Zx', 'seconds', ': extra text: "x"'],
  ['2024-01-01T00:00:00Z', 'microseconds', `as "${micros}": cannot parse "Z" as ".000000"`],
  ['2024-01-01T00:00:00.5Z', 'microseconds', `as "${micros}": cannot parse ".5Z" as ".000000"`],
  ['2024-01-01T00:00:00.1234567Z', 'microseconds', `as "${micros}": cannot parse "7Z" as "Z07:00"`],
  ['2024-02-30T00:00:00Z', 'microseconds', `as "${micros}": cannot parse "Z" as ".000000"`],
] as const)('%j is refused (%s)', (text, precision, tail) => {
  expect(canonicalTime(text, precision)).toEqual({
    problem: `parsing time "${text}"${tail.startsWith(':') ? '' : ' '}${tail}`,
  });
});

test('microseconds', () => {
  expect(canonicalTime('2024-01-01T00:00:00.123456+02:00', 'microseconds')).toBe('2023-12-31T22:00:00.123456Z');
  expect(formatMicroTime(Date.UTC(2026, 0, 1) + 1.5)).toBe('2026-01-01T00:00:00.001500Z');
  expect(parseTime('2026-01-01T00:00:00.0015Z')).toBe(Date.UTC(2026, 0, 1) + 1.5);
});

test('formatting and parsing agree, and what is formatted is canonical', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10_000_000_000, max: 250_000_000_000 }), (second) => {
      const text = formatTime(second * 1000 + 999);
      expect(parseTime(text)).toBe(second * 1000);
      expect(canonicalTime(text, 'seconds')).toBe(text);
    }),
  );
  expect(parseTime('yesterday')).toBeUndefined();
  expect(parseTime(null)).toBeUndefined();
});

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
test.each([
  [-2 * second, '<invalid>'],
  [-1.5 * second, '0s'],
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + second, '2m1s'],
  [10 * minute + second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + minute, '3h1m'],
  [8 * hour + minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [2 * day + hour, '2d1h'],
  [8 * day + hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [731 * day, '2y1d'],
  [8 * 365 * day + day, '8y'],
])('%i ms is %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test('ages', () => {
  expect(ageSince('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1, 0, 5))).toBe('5m');
  expect(ageSince(undefined, 0)).toBe('<unknown>');
});
