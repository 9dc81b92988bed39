import { referenceTo } from '../../client/object-reference.ts';
import { quote } from '../../machinery/go-text.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime, parseTime } from '../../machinery/time.ts';
import { type CronSchedule, parseCronSchedule } from '../../resources/batch/cron-schedule.ts';
import { finishedCondition, trueCondition } from '../../resources/batch/job-conditions.ts';
import { isTimeZone } from '../../resources/batch/time-zone.ts';
import type { CronJob, CronJobStatus, Job } from '../../resources/schema/batch-v1.generated.ts';
import { cronJobs, jobs } from '../../resources/schema/resource-types.generated.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey } from '../runtime/object-keys.ts';
import { isControlledBy } from '../runtime/owner-references.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { type DueTime, dueTime, nextTimeInMs } from './due-time.ts';
import { jobNameFor, jobOfCronJob } from './job-of-cron-job.ts';
import { surplusJobs } from './surplus-jobs.ts';

export interface CronJobRoundOptions {
  readonly cronJob: CronJob;
  /** Jobs under its control. */
  readonly children: readonly Job[];
  /** Whether a job may be started now if one is due. */
  readonly mayStart: boolean;
  /** Told how long after its time a job was created. */
  created(lateMs: number): void;
  /** Told of the CronJob when its status was written. */
  written(cronJob: CronJob): void;
}

/** One look at one CronJob, acted out. */
export class CronJobRound {
  readonly #context: ControllerContext;
  readonly #options: CronJobRoundOptions;
  readonly #now: number;
  #status: CronJobStatus;
  #changed = false;

  constructor(context: ControllerContext, options: CronJobRoundOptions) {
    this.#context = context;
    this.#options = options;
    this.#now = context.environment.now();
    this.#status = options.cronJob.status ?? {};
  }

  /** Answers when to look again though nothing has changed. What went well is written even when something else went wrong. */
  async run(signal: AbortSignal): Promise<number | undefined> {
    const { cronJob, written } = this.#options;
    for (const job of surplusJobs(cronJob, this.#options.children)) await this.#deleteJob(job, signal);
    let requeueAfterMs: number | undefined;
    let failure: unknown;
    try {
      requeueAfterMs = await this.#sync(signal);
    } catch (error) {
      failure = error ?? new Error('unknown failure');
    }
    signal.throwIfAborted();
    if (this.#changed) {
      const body = { ...cronJob, status: this.#status };
      written(await this.#context.client.update(cronJobs, body, { subresource: 'status', signal }));
    }
    if (failure !== undefined) throw failure;
    return requeueAfterMs;
  }

  async #sync(signal: AbortSignal): Promise<number | undefined> {
    const { cronJob, mayStart } = this.#options;
    await this.#lookAtChildren(signal);
    await this.#dropMissing(signal);
    if (cronJob.metadata.deletionTimestamp !== undefined) return undefined;
    const { timeZone, suspend } = cronJob.spec;
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      const text = `invalid timeZone: ${quote(timeZone)}: unknown time zone ${timeZone}`;
      this.#event('Warning', 'UnknownTimeZone', text);
      return undefined;
    }
    if (suspend === true) return undefined;
    const schedule = this.#schedule();
    const due = schedule && this.#dueTime(schedule);
    if (schedule === undefined || due === undefined) return undefined;
    if (due.dueMs !== undefined && mayStart) await this.#startIfAllowed(due.dueMs, signal);
    return nextTimeInMs({ ...cronJob, status: this.#status }, schedule, this.#now);
  }

  #schedule(): CronSchedule | undefined {
    const { schedule, timeZone } = this.#options.cronJob.spec;
    if (schedule.includes('TZ')) {
      const text = `CRON_TZ or TZ used in schedule ${quote(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
      this.#event('Warning', 'UnsupportedSchedule', text);
    }
    try {
      return parseCronSchedule(schedule, timeZone);
    } catch (error) {
      const text = `unparseable schedule: ${quote(schedule)} : ${messageOf(error)}`;
      this.#event('Warning', 'UnparseableSchedule', text);
      return undefined;
    }
  }

  #dueTime(schedule: CronSchedule): DueTime | undefined {
    const { cronJob } = this.#options;
    try {
      const due = dueTime(cronJob, schedule, this.#now);
      if (due.dueMs !== undefined && due.tooManyMissed) {
        const text = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
        this.#event('Warning', 'TooManyMissedTimes', text);
      }
      return due;
    } catch (error) {
      this.#event('Warning', 'InvalidSchedule', `invalid schedule: ${cronJob.spec.schedule} : ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Jobs that have finished are active no longer; of those that succeeded the last is told. */
  async #lookAtChildren(signal: AbortSignal): Promise<void> {
    for (const job of this.#options.children) {
      const { name, uid } = job.metadata;
      const listed = this.#isActive(uid);
      const finished = finishedCondition(job);
      if (finished === undefined) {
        if (!listed && !(await this.#isActiveByNow(uid, signal))) {
          const text = `Saw a job that the controller did not create or forgot: ${name}`;
          this.#event('Warning', 'UnexpectedJob', text);
        }
        continue;
      }
      if (listed) {
        this.#dropActive(uid);
        this.#event('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${finished.type}`);
      }
      const { completionTime } = job.status ?? {};
      const succeeded = trueCondition(job, 'Complete') !== undefined;
      if (succeeded && completionTime !== undefined && completionTime > (this.#status.lastSuccessfulTime ?? ''))
        this.#change({ lastSuccessfulTime: completionTime });
    }
  }

  async #isActiveByNow(uid: string | undefined, signal: AbortSignal): Promise<boolean> {
    const fresh = await this.#context.client.get(cronJobs, objectKey(this.#options.cronJob), { signal });
    return fresh.status?.active?.some((reference) => reference.uid === uid) === true;
  }

  /** A job that somebody deleted is active no longer. */
  async #dropMissing(signal: AbortSignal): Promise<void> {
    const known = new Set(this.#options.children.map(({ metadata }) => metadata.uid));
    for (const { name = '', namespace, uid } of this.#status.active ?? []) {
      if (known.has(uid)) continue;
      try {
        await this.#context.client.get(jobs, { name, namespace }, { signal });
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
        this.#event('Normal', 'MissingJob', `Active job went missing: ${name}`);
        this.#dropActive(uid);
      }
    }
  }

  async #startIfAllowed(dueMs: number, signal: AbortSignal): Promise<void> {
    const { cronJob } = this.#options;
    const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
    if (startingDeadlineSeconds !== undefined && dueMs + startingDeadlineSeconds * 1000 < this.#now) {
      const time = new Date(dueMs).toUTCString().replace('GMT', '+0000');
      this.#event('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${time}`);
      return;
    }
    const active = this.#status.active ?? [];
    const jobName = jobNameFor(cronJob, dueMs);
    if (active.some(({ name }) => name === jobName) || this.#status.lastScheduleTime === formatTime(dueMs)) return;
    if (concurrencyPolicy === 'Forbid' && active.length > 0) {
      const text = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      this.#event('Normal', 'JobAlreadyActive', text);
      return;
    }
    if (concurrencyPolicy === 'Replace') await this.#deleteActive(signal);
    await this.#start(dueMs, signal);
  }

  async #deleteActive(signal: AbortSignal): Promise<void> {
    for (const { name = '', namespace } of this.#status.active ?? []) {
      const job = await this.#context.client.get(jobs, { name, namespace }, { signal }).catch((error: unknown) => {
        if (!signal.aborted) this.#event('Warning', 'FailedGet', `Get job: ${messageOf(error)}`);
        throw error;
      });
      if (!(await this.#deleteJob(job, signal))) throw new Error(`could not replace job ${namespace}/${name}`);
    }
  }

  async #start(dueMs: number, signal: AbortSignal): Promise<void> {
    const { cronJob } = this.#options;
    const wanted = jobOfCronJob(cronJob, dueMs);
    let job: Job;
    try {
      job = await this.#context.client.create(jobs, wanted, { signal });
      this.#event('Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      const createdAt = parseTime(job.metadata.creationTimestamp);
      if (createdAt !== undefined) this.#options.created(createdAt - dueMs);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) {
        const news = !signal.aborted && !isNamespaceTerminating(error);
        if (news) this.#event('Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
        throw error;
      }
      // It was made before, and the status could not be written; or it is somebody else's.
      job = await this.#context.client.get(jobs, objectKey(wanted), { signal });
      if (!isControlledBy(job, cronJob) || this.#isActive(job.metadata.uid)) return;
    }
    const active = [...(this.#status.active ?? []), referenceTo(jobs, job)];
    this.#change({ active, lastScheduleTime: formatTime(dueMs) });
  }

  /** True when it was deleted. */
  async #deleteJob(job: Job, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#context.client.delete(jobs, objectKey(job), { propagationPolicy: 'Background', signal });
    } catch (error) {
      if (!signal.aborted) this.#event('Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      return false;
    }
    this.#dropActive(job.metadata.uid);
    this.#event('Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
    return true;
  }

  #isActive(uid: string | undefined): boolean {
    return this.#status.active?.some((reference) => reference.uid === uid) === true;
  }

  #dropActive(uid: string | undefined): void {
    if (this.#isActive(uid)) this.#change({ active: this.#status.active?.filter((each) => each.uid !== uid) });
  }

  #change(change: Partial<CronJobStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#changed = true;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(referenceTo(cronJobs, this.#options.cronJob), type, reason, message);
  }
}
