const ofEpoch = 0n;
const nanosPerMs = 1_000_000n;

/** A moment as clocks on a wall show it; `month` from 1, `weekDay` from 0 for Sunday. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekDay: number;
}

/** Whether the tz database has this name, written exactly so. Offsets like `+01` are no names. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    return new Temporal.ZonedDateTime(ofEpoch, name).timeZoneId === name;
  } catch {
    return false;
  }
}

/** `ms` since 1970 on the clocks of a zone that `isTimeZone`. */
export function wallTime(ms: number, timeZone: string): WallTime {
  const shown = new Date(ms + offsetMs(ms, timeZone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    weekDay: shown.getUTCDay(),
  };
}

/**
 * When clocks show this; parts beyond their range count on, as the 32nd of a month does. A time that clocks skip or show twice is
 * taken by the offset that holds around it, which is what Go does and CronJobs are known for.
 */
export function momentOf(
  { year, month, day, hour, minute, second }: Omit<WallTime, 'weekDay'>,
  timeZone: string,
): number {
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const guessMs = wallMs - offsetMs(wallMs, timeZone);
  return wallMs - offsetMs(guessMs, timeZone);
}

/** How far the clocks of the zone are ahead of UTC. */
function offsetMs(ms: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  return new Temporal.ZonedDateTime(BigInt(Math.floor(ms)) * nanosPerMs, timeZone).offsetNanoseconds / 1e6;
}

/** RFC 3339 in seconds, as clocks of the zone show it: `2026-01-01T01:00:00+01:00`. */
export function formatInZone(ms: number, timeZone: string): string {
  const offset = offsetMs(ms, timeZone);
  const wall = new Date(Math.floor(ms / 1000) * 1000 + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${wall}Z`;
  const minutes = Math.floor(Math.abs(offset) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
