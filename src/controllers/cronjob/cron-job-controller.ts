import type { Informer } from '../../client/informer.ts';
import { exponentialBuckets, type Histogram } from '../../machinery/metrics.ts';
import { parseCronSchedule } from '../../resources/batch/cron-schedule.ts';
import { isTimeZone } from '../../resources/batch/time-zone.ts';
import type { CronJob, Job } from '../../resources/schema/batch-v1.generated.ts';
import { cronJobs, jobs } from '../../resources/schema/resource-types.generated.ts';
import { jobInformer } from '../job/job-informer.ts';
import { type Change, type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { cachedOwner } from '../runtime/owner-references.ts';
import { byController, withoutManagedFields } from '../runtime/projections.ts';
import { CronJobRound } from './cron-job-round.ts';
import { nextTimeInMs } from './due-time.ts';

const informerOptions = { projection: withoutManagedFields<CronJob> };
/** When to look again should what was written never show in the caches. */
const unseenMs = 60_000;

/** Makes a job whenever one is due, and takes old ones away. */
export function cronJobController(context: ControllerContext): Controller {
  const loop = new CronJobLoop(context);
  return {
    name: 'cronjob',
    watches: [
      watching(loop.cronJobs, (change) => loop.cronJobChanged(change)),
      watching(loop.jobs, (change) => loop.jobChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class CronJobLoop {
  readonly cronJobs: Informer<CronJob>;
  readonly jobs: Informer<Job>;
  readonly #context: ControllerContext;
  readonly #ownWrites: OwnWrites;
  readonly #creationSkew: Histogram;
  /** Whose schedule has changed, and from when on the new one holds: times of it that have passed were never missed. */
  readonly #rescheduled = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.cronJobs = context.informers.informer(cronJobs, informerOptions);
    this.jobs = context.informers.informer(jobs, jobInformer);
    this.#ownWrites = new OwnWrites(context.environment);
    this.#creationSkew = context.metrics
      .histogram({
        name: 'cronjob_controller_job_creation_skew_duration_seconds',
        help: 'From the time when a job was due until it was created',
        buckets: exponentialBuckets(1, 2, 10),
      })
      .with();
  }

  cronJobChanged(change: Change<CronJob>): Iterable<string> {
    const { object: cronJob, old } = change;
    if (change.type === 'deleted') this.#forget(keyOf(cronJob));
    const sameTimes =
      old === undefined || (old.spec.schedule === cronJob.spec.schedule && old.spec.timeZone === cronJob.spec.timeZone);
    if (!sameTimes) this.#reschedule(cronJob);
    return ownKey(change);
  }

  jobChanged({ object: job, old }: Change<Job>): Iterable<string> {
    const owners = [cachedOwner(this.cronJobs, job), old === undefined ? undefined : cachedOwner(this.cronJobs, old)];
    return new Set(owners.filter((owner) => owner !== undefined).map(keyOf));
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const cronJob = this.cronJobs.get(name, namespace);
    if (cronJob === undefined) {
      this.#forget(key);
      return undefined;
    }
    if (!this.#ownWrites.seen(key, () => this.cronJobs.get(name, namespace))) return { requeueAfterMs: unseenMs };
    const now = this.#context.environment.now();
    const holdsFrom = this.#rescheduled.get(key) ?? 0;
    if (holdsFrom <= now) this.#rescheduled.delete(key);
    const round = new CronJobRound(this.#context, {
      cronJob,
      children: [...this.jobs.byIndex(byController, cronJob.metadata.uid ?? '')],
      mayStart: holdsFrom <= now,
      created: (lateMs) => this.#creationSkew.observe(lateMs / 1000),
      written: (written) => this.#ownWrites.written(key, written),
    });
    return { requeueAfterMs: await round.run(signal) };
  }

  #reschedule(cronJob: CronJob): void {
    const { schedule, timeZone = 'UTC' } = cronJob.spec;
    const now = this.#context.environment.now();
    try {
      const parsed = parseCronSchedule(schedule, isTimeZone(timeZone) ? timeZone : 'UTC');
      const inMs = nextTimeInMs(cronJob, parsed, now);
      if (inMs !== undefined) this.#rescheduled.set(keyOf(cronJob), now + inMs);
    } catch {
      // The reconcile tells what is wrong with it.
    }
  }

  #forget(key: string): void {
    this.#ownWrites.forget(key);
    this.#rescheduled.delete(key);
  }
}
