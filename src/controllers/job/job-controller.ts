import type { Informer } from '../../client/informer.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { finishedCondition } from '../../resources/batch/job-conditions.ts';
import { equal } from '../../resources/equal.ts';
import type { Job } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { jobs, pods } from '../../resources/schema/resource-types.generated.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { cachedOwner, controllerOf, isControlledBy } from '../runtime/owner-references.ts';
import { isPodFinished } from '../runtime/pods.ts';
import { byController, orphansOf, podInformer } from '../runtime/projections.ts';
import { assessJob } from './assess-job.ts';
import { type BackOffRecord, noFailures } from './failure-back-off.ts';
import { jobInformer } from './job-informer.ts';
import { type JobMetrics, jobMetrics } from './job-metrics.ts';
import { isManagedElsewhere, isTracked, jobSpecOf, trackingFinalizer } from './job-pods.ts';
import { JobRound } from './job-round.ts';
import { OwnReleases } from './own-releases.ts';

/** For how long a job is left alone between two looks, so that a burst of changes of its pods costs one. */
const restMs = 100;
/** When to look again should what was done never show in the caches. */
const unseenMs = 60_000;

/** Runs pods until a job is complete or has failed. */
export function jobController(context: ControllerContext): Controller {
  const loop = new JobLoop(context);
  return {
    name: 'job',
    watches: [
      watching(loop.jobs, (change) => loop.jobChanged(change)),
      watching(loop.pods, (change) => loop.podChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class JobLoop {
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #metrics: JobMetrics;
  readonly #expectations: Expectations;
  readonly #ownWrites: OwnWrites;
  readonly #ownReleases: OwnReleases;
  readonly #backOffs = new Map<string, BackOffRecord>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#metrics = jobMetrics(context.metrics);
    this.jobs = context.informers.informer(jobs, jobInformer);
    this.pods = context.informers.informer(pods, podInformer);
    this.#expectations = new Expectations(context.environment);
    this.#ownWrites = new OwnWrites(context.environment);
    this.#ownReleases = new OwnReleases(context.environment);
  }

  jobChanged(change: Change<Job>): Iterable<string> {
    const { type, object: job } = change;
    if (type === 'deleted') this.#forget(keyOf(job));
    if (type === 'added' && isManagedElsewhere(job)) this.#metrics.managedElsewhere(job.spec?.managedBy ?? '');
    return ownKey(change);
  }

  podChanged(change: Change<Pod>): Iterable<string> {
    const { object: pod, old } = change;
    this.#tellFinalizer(change);
    const owner = cachedOwner(this.jobs, pod);
    const keys = new Set<string>();
    if (owner !== undefined) {
      this.#expectations.observe(keyOf(owner), change);
      keys.add(keyOf(owner));
    }
    const changedHands = old !== undefined && controllerOf(old)?.uid !== controllerOf(pod)?.uid;
    const before = changedHands ? cachedOwner(this.jobs, old) : undefined;
    if (before !== undefined) keys.add(keyOf(before));
    const news = old === undefined || changedHands || !equal(old.metadata.labels, pod.metadata.labels);
    if (news && change.type !== 'deleted' && controllerOf(pod) === undefined)
      for (const job of this.#selecting(pod)) keys.add(keyOf(job));
    return keys;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const job = this.jobs.get(name, namespace);
    if (job === undefined || finishedCondition(job) !== undefined) {
      this.#forget(key);
      return undefined;
    }
    if (isManagedElsewhere(job)) return undefined;
    if (!this.#cachesAreUpToDate(key, job)) return { requeueAfterMs: unseenMs };
    return this.#look(key, job, signal);
  }

  async #look(key: string, job: Job, signal: AbortSignal): Promise<ReconcileResult> {
    const { environment } = this.#context;
    const startedAt = environment.monotonic();
    let round: JobRound | undefined;
    let failed = true;
    try {
      const owned = await this.#claim(job, signal);
      const assessment = assessJob({
        job,
        pods: owned,
        backOff: this.#backOffs.get(key) ?? noFailures,
        now: environment.now(),
      });
      round = new JobRound(this.#context, {
        assessment,
        expectations: this.#expectations,
        metrics: this.#metrics,
        written: (written) => this.#ownWrites.written(key, written),
        released: (pod) => this.#ownReleases.released(key, pod),
        counted: () => this.#backOffs.set(key, assessment.backOff),
      });
      const requeueAfterMs = await round.run(signal);
      failed = false;
      return { requeueAfterMs, restMs: Math.max(restMs, restAfter(owned.length)) };
    } finally {
      const action = round?.action ?? 'reconciling';
      this.#metrics.synced(job, action, environment.monotonic() - startedAt, failed);
    }
  }

  /** From caches that are older than the controller's own deeds it would do and count things twice. */
  #cachesAreUpToDate(key: string, job: Job): boolean {
    const cached = (objectKey: string) => {
      const { name, namespace } = parseKey(objectKey);
      return this.jobs.get(name, namespace);
    };
    const written = this.#ownWrites.seen(key, cached);
    const released = this.#ownReleases.seen(key, this.pods.byIndex(byController, job.metadata.uid ?? ''));
    if (!written) this.#metrics.skipped('batch', 'jobs');
    else if (!released) this.#metrics.skipped('', 'pods');
    return written && released && this.#expectations.satisfied(key);
  }

  async #claim(job: Job, signal: AbortSignal): Promise<readonly Pod[]> {
    const claimed = await claimObjects({
      client: this.#context.client,
      ownerType: jobs,
      owner: job,
      selector: compileLabelSelector(jobSpecOf(job).selector),
      type: pods,
      objects: [
        ...this.pods.byIndex(byController, job.metadata.uid ?? ''),
        ...this.pods.byIndex(byController, orphansOf(job.metadata.namespace ?? '')),
      ],
      finalizer: trackingFinalizer,
      signal,
    });
    return claimed.map((pod) => (isControlledBy(pod, job) ? pod : withFinalizer(pod)));
  }

  #tellFinalizer({ type, object, old }: Change<Pod>): void {
    const before = type === 'deleted' ? object : old;
    const [was, is] = [
      before !== undefined && waitsToBeCounted(before),
      type !== 'deleted' && waitsToBeCounted(object),
    ];
    if (was !== is) this.#metrics.finalizer(is ? 'add' : 'delete');
  }

  #forget(key: string): void {
    this.#expectations.forget(key);
    this.#ownWrites.forget(key);
    this.#ownReleases.forget(key);
    this.#backOffs.delete(key);
  }

  *#selecting(pod: Pod): Iterable<Job> {
    for (const job of this.jobs.list(pod.metadata.namespace ?? ''))
      if (compileLabelSelector(jobSpecOf(job).selector).matches(pod.metadata.labels)) yield job;
  }
}

function waitsToBeCounted(pod: Pod): boolean {
  return isPodFinished(pod) && isTracked(pod);
}

/** A pod that has just been adopted, which the caches do not show yet. */
function withFinalizer(pod: Pod): Pod {
  if (isTracked(pod)) return pod;
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
}
