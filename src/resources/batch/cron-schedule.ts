import { parseGoDuration } from '../../machinery/go-duration.ts';
import { fieldRanges, parseScheduleField, type ScheduleField } from './schedule-field.ts';
import { isTimeZone, momentOf, type WallTime, wallTime } from './time-zone.ts';

/** When a CronJob is due. */
export interface CronSchedule {
  /** The first time after `ms` since 1970; undefined when there is none within five years. */
  next(ms: number): number | undefined;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const mostYears = 5;

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Understands what the schedule of a CronJob may say: five fields of crontab, a name like `@daily`, or `@every 1h30m`. Times are
 * those of `timeZone`, which a schedule may override by a leading `TZ=` or `CRON_TZ=`. Throws an Error that says what is wrong.
 */
export function parseCronSchedule(schedule: string, timeZone = 'UTC'): CronSchedule {
  if (schedule === '') throw new Error('empty spec string');
  const prefix = /^(?:CRON_)?TZ=/.exec(schedule)?.[0];
  if (prefix === undefined) return parseSpec(schedule, timeZone);
  const end = schedule.indexOf(' ');
  // Kubernetes words it like this since it has survived the mistake.
  if (end < 0) throw new Error('invalid schedule format: runtime error: slice bounds out of range [:-1]');
  const zone = schedule.slice(prefix.length, end);
  if (zone !== '' && !isTimeZone(zone)) throw new Error(`provided bad location ${zone}: unknown time zone ${zone}`);
  return parseSpec(schedule.slice(end).trim(), zone || 'UTC');
}

function parseSpec(spec: string, timeZone: string): CronSchedule {
  if (!spec.startsWith('@')) return fieldSchedule(spec, timeZone);
  const meaning = descriptors[spec];
  if (meaning !== undefined) return fieldSchedule(meaning, timeZone);
  const every = '@every ';
  if (!spec.startsWith(every)) throw new Error(`unrecognized descriptor: ${spec}`);
  const text = spec.slice(every.length);
  try {
    return constantSchedule(parseGoDuration(text));
  } catch (error) {
    throw new Error(`failed to parse duration ${spec}: ${(error as Error).message}`, { cause: error });
  }
}

/** Always the same time apart, in whole seconds and at least one. */
function constantSchedule(everyMs: number): CronSchedule {
  const delayMs = Math.max(secondMs, everyMs - (everyMs % secondMs));
  return { next: (ms) => wholeSecond(ms) + delayMs };
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / secondMs) * secondMs;
}

interface Fields {
  readonly minute: ScheduleField;
  readonly hour: ScheduleField;
  readonly dayOfMonth: ScheduleField;
  readonly month: ScheduleField;
  readonly dayOfWeek: ScheduleField;
}

function fieldSchedule(spec: string, timeZone: string): CronSchedule {
  const texts = spec.split(/\s+/).filter((text) => text !== '');
  if (texts.length !== fieldRanges.length)
    throw new Error(`expected exactly ${fieldRanges.length} fields, found ${texts.length}: [${texts.join(' ')}]`);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fieldRanges.map((range, index) =>
    parseScheduleField(texts[index] ?? '', range),
  ) as [ScheduleField, ScheduleField, ScheduleField, ScheduleField, ScheduleField];
  const search = new Search({ minute, hour, dayOfMonth, month, dayOfWeek }, timeZone);
  return { next: (ms) => search.after(ms) };
}

/**
 * Looks for the next time field by field, from the month down. Whoever reaches the next month, day or hour begins again
 * from the month, for what was found above may no longer hold. Hours and minutes go by in real time, so that a time
 * that clocks skip is not met, and one that they show twice is met twice.
 */
class Search {
  readonly #fields: Fields;
  readonly #timeZone: string;

  constructor(fields: Fields, timeZone: string) {
    this.#fields = fields;
    this.#timeZone = timeZone;
  }

  after(ms: number): number | undefined {
    let at = Math.floor(ms / secondMs) * secondMs + secondMs;
    const lastYear = this.#wall(at).year + mostYears;
    while (this.#wall(at).year <= lastYear) {
      const step = this.#step(at);
      if (step === at) return at;
      at = step;
    }
    return undefined;
  }

  /** The moment itself when it is due, or the earliest one that could be. */
  #step(at: number): number {
    const wall = this.#wall(at);
    if (!this.#fields.month.values.has(wall.month)) return this.#midnight({ ...wall, month: wall.month + 1, day: 1 });
    if (!this.#dayMatches(wall)) return this.#midnight({ ...wall, day: wall.day + 1 });
    if (!this.#fields.hour.values.has(wall.hour)) return this.#hourStart(at, wall) + hourMs;
    if (!this.#fields.minute.values.has(wall.minute)) return Math.floor(at / minuteMs) * minuteMs + minuteMs;
    return wall.second === 0 ? at : Math.floor(at / minuteMs) * minuteMs + minuteMs;
  }

  #wall(at: number): WallTime {
    return wallTime(at, this.#timeZone);
  }

  #hourStart(at: number, { minute, second }: WallTime): number {
    return at - minute * minuteMs - second * secondMs;
  }

  /** The first moment of a day. Clocks may skip midnight: what stands for it may then be of the day before. */
  #midnight({ year, month, day }: WallTime): number {
    const at = momentOf({ year, month, day, hour: 0, minute: 0, second: 0 }, this.#timeZone);
    const { hour } = this.#wall(at);
    return hour > 12 ? at + (24 - hour) * hourMs : at;
  }

  /** Where both kinds of day are restricted, either will do. */
  #dayMatches({ day, weekDay }: WallTime): boolean {
    const { dayOfMonth, dayOfWeek } = this.#fields;
    const [ofMonth, ofWeek] = [dayOfMonth.values.has(day), dayOfWeek.values.has(weekDay)];
    return dayOfMonth.star || dayOfWeek.star ? ofMonth && ofWeek : ofMonth || ofWeek;
  }
}
