import { parseTime } from '../../machinery/time.ts';
import type { CronSchedule } from '../../resources/batch/cron-schedule.ts';
import type { CronJob } from '../../resources/schema/batch-v1.generated.ts';

/** So many starts may be missed before it is told as out of the ordinary. */
const fewMissed = 100;
/** A clock may be a little behind that of the API server: rather a little late than too early. */
const lateMs = 100;

export interface DueTime {
  /** The latest time that has passed since the last start, in milliseconds since 1970; undefined when there is none. */
  readonly dueMs: number | undefined;
  readonly tooManyMissed: boolean;
}

interface MostRecent extends DueTime {
  readonly earliestMs: number;
  readonly missedAny: boolean;
}

/** When the CronJob should have started last. Throws for a schedule whose times cannot be told apart, like the 31st of February. */
export function dueTime(cronJob: CronJob, schedule: CronSchedule, now: number): DueTime {
  const { startingDeadlineSeconds } = cronJob.spec;
  const oldestMs = startingDeadlineSeconds === undefined ? undefined : now - startingDeadlineSeconds * 1000;
  return mostRecent(cronJob, schedule, now, oldestMs);
}

/** How long until the schedule's next time; undefined when it has none. */
export function nextTimeInMs(cronJob: CronJob, schedule: CronSchedule, now: number): number | undefined {
  const next = schedule.next(sinceMs(cronJob, schedule, now));
  return next === undefined ? undefined : next + lateMs - now;
}

function sinceMs(cronJob: CronJob, schedule: CronSchedule, now: number): number {
  try {
    const { dueMs, missedAny, earliestMs } = mostRecent(cronJob, schedule, now, undefined);
    return dueMs ?? (missedAny ? now : earliestMs);
  } catch {
    return now;
  }
}

function mostRecent(
  { metadata, status }: CronJob,
  schedule: CronSchedule,
  now: number,
  oldestMs: number | undefined,
): MostRecent {
  const lastMs = parseTime(status?.lastScheduleTime ?? metadata.creationTimestamp) ?? now;
  const earliestMs = Math.max(lastMs, oldestMs ?? lastMs);
  const first = schedule.next(earliestMs);
  if (first === undefined) throw indistinct();
  if (now < first) return { earliestMs, dueMs: undefined, missedAny: false, tooManyMissed: false };
  const second = schedule.next(first);
  if (second !== undefined && now < second) return { earliestMs, dueMs: first, missedAny: false, tooManyMissed: false };
  const apartSeconds = second === undefined ? 0 : Math.round((second - first) / 1000);
  if (apartSeconds < 1) throw indistinct();
  // Times may be unevenly apart: begin a little early and go on one by one.
  const missed = Math.floor((now - first) / 1000 / apartSeconds) + 1;
  let dueMs: number | undefined;
  let next = schedule.next(first + (missed - 2) * apartSeconds * 1000);
  while (next !== undefined && next <= now) {
    dueMs = next;
    next = schedule.next(next);
  }
  return { earliestMs, dueMs, missedAny: missed > 0, tooManyMissed: missed > fewMissed };
}

function indistinct(): Error {
  return new Error('time difference between two schedules is less than 1 second');
}
