import { formatTime, parseTime } from '../../machinery/time.ts';
import { trueCondition } from '../../resources/batch/job-conditions.ts';
import type { Job, JobSpec } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodActive, isPodTerminating } from '../runtime/pods.ts';
import { assessIndexes, type IndexAssessment } from './assess-indexes.ts';
import { validIndex } from './completion-index.ts';
import { type BackOffRecord, recordEnds } from './failure-back-off.ts';
import { countIndexes } from './index-ranges.ts';
import type { Outcome } from './job-conditions.ts';
import { hasFailed, isIndexed, isTracked, jobSpecOf } from './job-pods.ts';
import { judgePod } from './pod-failure-policy.ts';
import { metSuccessPolicy } from './success-policy.ts';

export interface JobObservation {
  readonly job: Job;
  /** All that belong to the job, as they are: what it did itself is in them already. */
  readonly pods: readonly Pod[];
  readonly backOff: BackOffRecord;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Where a job stands. */
export interface JobAssessment {
  readonly job: Job;
  readonly spec: JobSpec;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly terminating: number;
  /** Pods that have succeeded, or indexes. */
  readonly succeeded: number;
  /** Pods that have failed and count. */
  readonly failed: number;
  readonly startTime: string | undefined;
  readonly backOff: BackOffRecord;
  /** Of an indexed job. */
  readonly indexes: IndexAssessment | undefined;
  /** The job is to end like this. Success by the number of completions is not among it: that takes no pod to be left. */
  readonly outcome: Outcome | undefined;
  /** How long until its deadline passes. */
  readonly deadlineInMs: number | undefined;
}

/** Judges a job by its pods. Nothing is changed. */
export function assessJob({ job, pods, backOff, now }: JobObservation): JobAssessment {
  const spec = jobSpecOf(job);
  const status = job.status ?? {};
  const uncounted = status.uncountedTerminatedPods ?? {};
  const isNew = (pod: Pod, counted: readonly string[] | undefined) =>
    isTracked(pod) &&
    counted?.includes(pod.metadata.uid ?? '') !== true &&
    (!isIndexed(spec) || validIndex(pod, spec) !== undefined);
  const newSucceeded = pods.filter((pod) => isNew(pod, uncounted.succeeded) && pod.status?.phase === 'Succeeded');
  const newFailed = pods.filter((pod) => isNew(pod, uncounted.failed) && hasFailed(pod, spec));
  const failed =
    (status.failed ?? 0) +
    newFailed.filter((pod) => judgePod(spec.podFailurePolicy, pod).counts).length +
    (uncounted.failed ?? []).length;
  const startTime = status.startTime ?? (spec.suspend === true ? undefined : formatTime(now));
  const deadlineInMs = deadlineLeftMs(spec, startTime, now);
  const active = pods.filter(isPodActive);
  const indexes = isIndexed(spec) ? assessIndexes(job, spec, pods, active) : undefined;
  const outcome =
    earlierOutcome(job, spec, pods) ?? limitOutcome(spec, pods, failed, deadlineInMs) ?? indexOutcome(spec, indexes);
  const succeeded = (status.succeeded ?? 0) + newSucceeded.length + (uncounted.succeeded ?? []).length;
  return {
    job,
    spec,
    pods,
    active,
    terminating: pods.filter(isPodTerminating).length,
    succeeded: indexes === undefined ? succeeded : countIndexes(indexes.succeeded),
    failed,
    startTime,
    backOff: recordEnds(backOff, newSucceeded, newFailed),
    indexes,
    outcome,
    deadlineInMs: outcome === undefined ? deadlineInMs : undefined,
  };
}

/** What was decided before holds; then a failure policy is asked. */
function earlierOutcome(job: Job, spec: JobSpec, pods: readonly Pod[]): Outcome | undefined {
  const met = trueCondition(job, 'SuccessCriteriaMet');
  if (met !== undefined) return { type: 'SuccessCriteriaMet', reason: met.reason ?? '', message: met.message ?? '' };
  const target = trueCondition(job, 'FailureTarget');
  if (target !== undefined) return { type: 'Failed', reason: target.reason ?? '', message: target.message ?? '' };
  if (spec.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    const message = hasFailed(pod, spec) ? judgePod(spec.podFailurePolicy, pod).failsJob : undefined;
    if (message !== undefined) return failure('PodFailurePolicy', message);
  }
  return undefined;
}

function limitOutcome(
  spec: JobSpec,
  pods: readonly Pod[],
  failed: number,
  deadlineInMs: number | undefined,
): Outcome | undefined {
  const { backoffLimit = 6 } = spec;
  if (failed > backoffLimit || restartedTooOften(spec, pods, backoffLimit))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (deadlineInMs !== undefined && deadlineInMs <= 0)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  return undefined;
}

function indexOutcome(spec: JobSpec, indexes: IndexAssessment | undefined): Outcome | undefined {
  if (indexes === undefined) return undefined;
  const { completions = 0, maxFailedIndexes } = spec;
  const failed = countIndexes(indexes.failed ?? []);
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return failure('MaxFailedIndexesExceeded', message);
  }
  if (failed > 0 && failed + countIndexes(indexes.succeeded) >= completions)
    return failure('FailedIndexes', 'Job has failed indexes');
  const message = metSuccessPolicy(spec.successPolicy, completions, indexes.succeeded);
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

function failure(reason: string, message: string): Outcome {
  return { type: 'FailureTarget', reason, message };
}

/** Pods that restart their containers instead of failing are limited by how often they do. */
function restartedTooOften({ template }: JobSpec, pods: readonly Pod[], limit: number): boolean {
  if (template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += container.restartCount;
  }
  return restarts >= Math.max(limit, 1);
}

function deadlineLeftMs(spec: JobSpec, startTime: string | undefined, now: number): number | undefined {
  const startMs = parseTime(startTime);
  if (spec.activeDeadlineSeconds === undefined || startMs === undefined || spec.suspend === true) return undefined;
  return startMs + spec.activeDeadlineSeconds * 1000 - now;
}
