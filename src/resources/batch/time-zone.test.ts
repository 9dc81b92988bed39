import { expect, test } from 'vitest';
import { formatInZone, isTimeZone, momentOf, wallTime } from './time-zone.ts';

test('names are those of the tz database, as it writes them', () => {
  const names = ['UTC', 'Europe/Amsterdam', 'US/Pacific', 'Etc/GMT+5', 'Asia/Calcutta'];
  expect(names.filter((name) => !isTimeZone(name))).toEqual([]);
  expect(['europe/amsterdam', 'utc', '+01', '-05:00', 'Foo/Bar', '', 'Local'].filter(isTimeZone)).toEqual([]);
});

test('a moment is shown as clocks do', () => {
  const ms = Date.parse('2026-07-05T22:30:15Z');
  expect(wallTime(ms, 'Asia/Kolkata')).toEqual({
    year: 2026,
    month: 7,
    day: 6,
    hour: 4,
    minute: 0,
    second: 15,
    weekDay: 1,
  });
  const zones = ['UTC', 'Europe/Amsterdam', 'America/St_Johns', 'Asia/Kolkata'];
  expect(zones.map((zone) => formatInZone(ms, zone))).toEqual([
    '2026-07-05T22:30:15Z',
    '2026-07-06T00:30:15+02:00',
    '2026-07-05T20:00:15-02:30',
    '2026-07-06T04:00:15+05:30',
  ]);
});

test('the way back is exact, but for hours that clocks skip', () => {
  const zone = 'Europe/Amsterdam';
  const noon = Date.parse('2026-03-29T10:00:00Z');
  expect(momentOf(wallTime(noon, zone), zone)).toBe(noon);
  const skipped = momentOf({ year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 }, zone);
  expect(formatInZone(skipped, zone)).toBe('2026-03-29T03:30:00+02:00');
  const overflow = momentOf({ year: 2026, month: 12, day: 32, hour: 0, minute: 0, second: 0 }, 'UTC');
  expect(formatInZone(overflow, 'UTC')).toBe('2027-01-01T00:00:00Z');
});
