import { referenceTo } from '../../client/object-reference.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Job, JobStatus } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod, PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { jobs } from '../../resources/schema/resource-types.generated.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Expectations } from '../runtime/expectations.ts';
import { keyOf } from '../runtime/object-keys.ts';
import { isNamespaceTerminating, PodControl } from '../runtime/pod-control.ts';
import { isPodReady } from '../runtime/pods.ts';
import { slowStart } from '../runtime/slow-start.ts';
import type { JobAssessment } from './assess-job.ts';
import { indexedPodPrefix, templateForIndex } from './completion-index.ts';
import { changedConditions, conditionOf, type Outcome } from './job-conditions.ts';
import type { JobMetrics, SyncAction } from './job-metrics.ts';
import { trackingFinalizer } from './job-pods.ts';
import { type PlannedPod, type PodPlan, planPods } from './plan-pods.ts';
import { releasePod } from './release-pod.ts';
import { settleUncounted, type Tracking, trackedUids, trackPods, uncountedPods } from './track-pods.ts';

export interface JobRoundOptions {
  readonly assessment: JobAssessment;
  readonly expectations: Expectations;
  readonly metrics: JobMetrics;
  /** Told of the job whenever its status was written. */
  written(job: Job): void;
  /** Told of every pod that has lost its finalizer. */
  released(pod: Pod): void;
  /** The ends of pods that the assessment found are in the status now. */
  counted(): void;
}

/** What pods come to, counted up and down with what is done. */
interface Counts {
  active: number;
  ready: number;
  terminating: number;
}

const completed: Outcome = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

const actions: Readonly<Record<PodPlan['action'], SyncAction>> = {
  none: 'tracking',
  wait: 'pods_created',
  create: 'pods_created',
  delete: 'pods_deleted',
};

/** One look at one job, acted out. */
export class JobRound {
  readonly #context: ControllerContext;
  readonly #options: JobRoundOptions;
  readonly #podControl: PodControl;
  readonly #key: string;
  readonly #now: number;
  readonly #counts: Counts;
  /** The newest that is known of it. */
  #job: Job;
  #status: JobStatus;
  #failure: unknown;
  #requeueAfterMs: number | undefined;
  #action: SyncAction = 'reconciling';

  constructor(context: ControllerContext, options: JobRoundOptions) {
    const { job, active, terminating, startTime, deadlineInMs } = options.assessment;
    this.#context = context;
    this.#options = options;
    this.#podControl = new PodControl(context.client, context.events);
    this.#key = keyOf(job);
    this.#now = context.environment.now();
    this.#counts = { active: active.length, ready: active.filter(isPodReady).length, terminating };
    this.#job = job;
    this.#status = { ...job.status, startTime };
    this.#requeueAfterMs = deadlineInMs;
  }

  /** What became of the job's pods. */
  get action(): SyncAction {
    return this.#action;
  }

  /** Answers when to look again though nothing has changed. Throws what went wrong, once all else is done. */
  async run(signal: AbortSignal): Promise<number | undefined> {
    const outcome = await this.#act(signal);
    signal.throwIfAborted();
    const changed = this.#countPods();
    const tracking = trackPods(this.#options.assessment, this.#status, outcome, this.#now);
    this.#status = tracking.status;
    await this.#settle(tracking, changed || tracking.changed, signal);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#requeueAfterMs;
  }

  /** Creates or deletes pods, and answers how the job ends; undefined while it goes on. */
  async #act(signal: AbortSignal): Promise<Outcome | undefined> {
    const { outcome, active, job, spec, succeeded } = this.#options.assessment;
    if (outcome !== undefined) {
      await this.#delete(active, false, signal);
      // While a pod is left that could not be deleted, nothing is final.
      return this.#counts.active === 0 ? outcome : undefined;
    }
    const managed = job.metadata.deletionTimestamp === undefined;
    if (managed) await this.#manage(signal);
    const enough = spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions;
    if (enough && this.#counts.active === 0) return completed;
    if (managed) this.#tellSuspension(spec.suspend === true);
    return undefined;
  }

  async #manage(signal: AbortSignal): Promise<void> {
    const plan = planPods(this.#options.assessment, this.#now);
    this.#action = actions[plan.action];
    if (plan.action === 'create') await this.#create(plan.pods, signal);
    else if (plan.action === 'delete') await this.#delete(plan.pods, true, signal);
    else if (plan.action === 'wait')
      this.#requeueAfterMs = Math.min(this.#requeueAfterMs ?? Number.POSITIVE_INFINITY, plan.waitMs);
  }

  async #create(planned: readonly PlannedPod[], signal: AbortSignal): Promise<void> {
    const { expectations, metrics, assessment } = this.#options;
    expectations.expectCreations(this.#key, planned.length);
    const result = await slowStart(planned.length, async (at) => {
      try {
        await this.#createPod(planned[at] ?? {}, signal);
      } catch (error) {
        expectations.creationObserved(this.#key);
        throw error;
      }
    });
    expectations.creationObserved(this.#key, result.skipped);
    const failed = planned.length - result.succeeded - result.skipped;
    metrics.podsCreated(assessment, result.succeeded, failed);
    this.#counts.active += result.succeeded;
    if (result.error !== undefined && !isNamespaceTerminating(result.error)) this.#failure = result.error;
  }

  #createPod({ index, annotations = {} }: PlannedPod, signal: AbortSignal): Promise<Pod> {
    const { spec, job } = this.#options.assessment;
    const { name = '' } = job.metadata;
    const template = tracked(spec.template);
    if (index === undefined) return this.#podControl.create(jobs, job, template, signal);
    const ofIndex = templateForIndex(template, name, index, annotations);
    return this.#podControl.create(jobs, job, ofIndex, signal, indexedPodPrefix(name, index));
  }

  /** `release`: they are of no account, neither as failed nor as succeeded. */
  async #delete(pods: readonly Pod[], release: boolean, signal: AbortSignal): Promise<void> {
    const { expectations, assessment } = this.#options;
    if (pods.length === 0) return;
    expectations.expectDeletions(this.#key, pods.map(keyOf));
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        try {
          if (release) await releasePod(this.#context.client, pod, signal);
          const deleted = await this.#podControl.delete(jobs, assessment.job, pod, signal);
          if (!deleted) expectations.deletionObserved(this.#key, keyOf(pod));
        } catch (error) {
          expectations.deletionObserved(this.#key, keyOf(pod));
          throw error;
        }
      }),
    );
    for (const [at, result] of results.entries()) {
      if (result.status === 'rejected') {
        this.#failure = result.reason;
        continue;
      }
      this.#counts.active -= 1;
      this.#counts.terminating += 1;
      if (pods[at] !== undefined && isPodReady(pods[at])) this.#counts.ready -= 1;
    }
  }

  /** A job that is resumed begins its time anew: a deadline does not pass while it is suspended. */
  #tellSuspension(suspended: boolean): void {
    const told = suspended
      ? ({ type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended' } as const)
      : ({ type: 'Suspended', reason: 'JobResumed', message: 'Job resumed' } as const);
    const condition = conditionOf(told, this.#now, suspended ? 'True' : 'False');
    const conditions = changedConditions(this.#status.conditions ?? [], condition);
    if (conditions === undefined) return;
    this.#event('Normal', suspended ? 'Suspended' : 'Resumed', told.message);
    const startTime = suspended ? undefined : formatTime(this.#now);
    this.#status = { ...this.#status, conditions, startTime };
  }

  /** Enters the numbers of pods into the status, and answers whether anything is to be written. */
  #countPods(): boolean {
    const { active, ready, terminating } = this.#counts;
    const old = this.#job.status ?? {};
    const changed =
      active !== (old.active ?? 0) ||
      ready !== old.ready ||
      terminating !== old.terminating ||
      this.#status.conditions !== old.conditions;
    this.#status = {
      ...this.#status,
      active: active || undefined,
      ready,
      terminating,
      uncountedTerminatedPods: this.#status.uncountedTerminatedPods ?? {},
    };
    return changed;
  }

  /** First the status with what is not counted yet, then the finalizers, then the counts, then the end. */
  async #settle(tracking: Tracking, changed: boolean, signal: AbortSignal): Promise<void> {
    if (changed) {
      await this.#write(signal);
      this.#options.counted();
    }
    for (const action of tracking.policyActions) this.#options.metrics.policyApplied(action);
    const tracked = new Set(trackedUids(this.#options.assessment.pods));
    const failure = await this.#release(tracking.release, tracked, signal);
    const settled = settleUncounted(this.#status, tracked);
    const news = settled !== this.#status;
    this.#status = settled;
    const end = failure === undefined ? this.#endOf(tracking.final) : undefined;
    if (end !== undefined) this.#status = end;
    if (news || end !== undefined) await this.#write(signal);
    if (failure !== undefined) throw failure;
    if (end !== undefined && tracking.final !== undefined) this.#tellEnd(tracking.final);
  }

  /** Takes the uids of those that have lost their finalizer out of `tracked`. Answers the first failure. */
  async #release(pods: readonly Pod[], tracked: Set<string>, signal: AbortSignal): Promise<unknown> {
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        await releasePod(this.#context.client, pod, signal);
        this.#options.released(pod);
        tracked.delete(pod.metadata.uid ?? '');
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    return failed === undefined ? undefined : (failed.reason ?? new Error('a finalizer could not be removed'));
  }

  /** The status of the job as finished; undefined while pods of it are left that may run or are not counted. */
  #endOf(final: Outcome | undefined): JobStatus | undefined {
    const job = { ...this.#job, status: this.#status };
    if (final === undefined || uncountedPods(job) > 0 || this.#counts.terminating > 0) return undefined;
    const condition = conditionOf(final, this.#now);
    const conditions = changedConditions(this.#status.conditions ?? [], condition) ?? this.#status.conditions;
    const completionTime = final.type === 'Complete' ? formatTime(this.#now) : this.#status.completionTime;
    return { ...this.#status, conditions, completionTime };
  }

  async #write(signal: AbortSignal): Promise<void> {
    const updated = { ...this.#job, status: this.#status };
    const before = this.#job.status;
    this.#job = await this.#context.client.update(jobs, updated, { subresource: 'status', signal });
    this.#options.metrics.podsFinished(this.#job, before, this.#status);
    this.#options.written(this.#job);
  }

  #tellEnd(outcome: Outcome): void {
    const { type, reason, message } = outcome;
    this.#options.metrics.finished(this.#job, outcome);
    const { spec } = this.#options.assessment;
    if (type === 'Failed') {
      this.#event('Warning', reason, message);
      return;
    }
    const tooMany = spec.completions !== undefined && (this.#status.succeeded ?? 0) > spec.completions;
    if (tooMany)
      this.#event('Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
    this.#event('Normal', 'Completed', 'Job completed');
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(referenceTo(jobs, this.#job), type, reason, message);
  }
}

/** The template with the finalizer by which its pods are counted. */
function tracked(template: PodTemplateSpec): PodTemplateSpec {
  const { finalizers = [] } = template.metadata ?? {};
  if (finalizers.includes(trackingFinalizer)) return template;
  return { ...template, metadata: { ...template.metadata, finalizers: [...finalizers, trackingFinalizer] } };
}
