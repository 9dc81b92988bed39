import { trueCondition } from '../../resources/batch/job-conditions.ts';
import type { Job, JobStatus, UncountedTerminatedPods } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { JobAssessment } from './assess-job.ts';
import { completionIndex, validIndex } from './completion-index.ts';
import { countIndexes, formatIndexRanges, hasIndex, mergeRanges, rangesOf } from './index-ranges.ts';
import { conditionOf, type Outcome } from './job-conditions.ts';
import { hasFailed, isIndexed, isTracked } from './job-pods.ts';
import { judgePod } from './pod-failure-policy.ts';

/** So many uids fit into a status (about 20 KB), and so much work a job does before others have their turn. */
const mostUncounted = 500;

export interface Tracking {
  /** Not counted yet are pods that have ended and keep their finalizer. */
  readonly status: JobStatus;
  /** What a failure policy did with each failed pod that a rule of it matched. */
  readonly policyActions: readonly string[];
  /** Pods whose finalizer goes once that status is written. */
  readonly release: readonly Pod[];
  readonly changed: boolean;
  /** How the job ends once all are counted: the outcome as its last condition tells it. */
  readonly final: Outcome | undefined;
}

/** Enters pods that have ended into the status, before their finalizers are taken from them: none is lost, and none counted twice. */
export function trackPods(
  assessment: JobAssessment,
  before: JobStatus,
  outcome: Outcome | undefined,
  now: number,
): Tracking {
  const { job, spec, pods } = assessment;
  const uncounted = before.uncountedTerminatedPods ?? {};
  const settled = settleUncounted(before, trackedUids(pods));
  let changed = settled !== before;
  const { succeeded, failed, newIndexes, policyActions, release, full } = ends(assessment, settled, uncounted, outcome);
  let status: JobStatus = { ...settled, uncountedTerminatedPods: uncountedOf(succeeded, failed) };
  changed ||= uidCount(status) > uidCount(settled) || newIndexes.length > 0;
  if (isIndexed(spec)) {
    const withIndexes = indexStatus(assessment, newIndexes);
    changed ||= Object.entries(withIndexes).some(([field, value]) => status[field as keyof JobStatus] !== value);
    status = { ...status, ...withIndexes };
  }
  const final = finalOutcome(outcome);
  const interim = outcome?.type === 'Failed' ? undefined : outcome;
  if (interim !== undefined && trueCondition(job, interim.type) === undefined) {
    status = { ...status, conditions: [...(status.conditions ?? []), conditionOf(interim, now)] };
    changed = true;
  }
  return { status, policyActions, release, changed, final: full ? undefined : final };
}

function finalOutcome(outcome: Outcome | undefined): Outcome | undefined {
  if (outcome === undefined) return undefined;
  return { ...outcome, type: outcome.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed' };
}

function ends(
  assessment: JobAssessment,
  settled: JobStatus,
  known: UncountedTerminatedPods,
  outcome: Outcome | undefined,
) {
  const { spec, pods, indexes } = assessment;
  const succeeded = [...(settled.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(settled.uncountedTerminatedPods?.failed ?? [])];
  const newIndexes: number[] = [];
  const policyActions: string[] = [];
  const release: Pod[] = [];
  for (const pod of inOrder(pods, isIndexed(spec))) {
    if (!isTracked(pod) || !mayRelease(assessment, pod, outcome)) continue;
    const { uid = '' } = pod.metadata;
    release.push(pod);
    const index = validIndex(pod, spec);
    if (pod.status?.phase === 'Succeeded' && known.failed?.includes(uid) !== true) {
      if (!isIndexed(spec)) {
        if (known.succeeded?.includes(uid) !== true) succeeded.push(uid);
      } else if (index !== undefined && !hasIndex(indexes?.before ?? [], index)) newIndexes.push(index);
    } else if (hasFailed(pod, spec) || (outcome !== undefined && outcome.type !== 'SuccessCriteriaMet')) {
      const counts = !isIndexed(spec) || index !== undefined;
      if (counts && known.failed?.includes(uid) !== true) {
        const judgement = judgePod(spec.podFailurePolicy, pod);
        if (judgement.action !== undefined) policyActions.push(judgement.action);
        if (judgement.counts) failed.push(uid);
      }
    }
    if (newIndexes.length + succeeded.length + failed.length >= mostUncounted)
      return { succeeded, failed, newIndexes, policyActions, release, full: true };
  }
  return { succeeded, failed, newIndexes, policyActions, release, full: false };
}

function inOrder(pods: readonly Pod[], indexed: boolean): readonly Pod[] {
  return indexed ? pods.toSorted((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1)) : pods;
}

/** A pod that has failed may have to wait until its index has another one. */
function mayRelease({ job, spec, indexes }: JobAssessment, pod: Pod, outcome: Outcome | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || outcome !== undefined || pod.status?.phase === 'Succeeded')
    return true;
  if (!hasFailed(pod, spec)) return false;
  const index = completionIndex(pod);
  return index === undefined || indexes?.waiting.get(index)?.metadata.uid !== pod.metadata.uid;
}

function indexStatus({ indexes }: JobAssessment, newIndexes: readonly number[]): JobStatus {
  const completed = mergeRanges(indexes?.succeeded ?? [], rangesOf(newIndexes));
  const text = formatIndexRanges(completed);
  const failedIndexes = indexes?.failed === undefined ? undefined : formatIndexRanges(indexes.failed);
  return {
    succeeded: countIndexes(completed) || undefined,
    completedIndexes: text === '' ? undefined : text,
    failedIndexes,
  };
}

export function trackedUids(pods: readonly Pod[]): ReadonlySet<string> {
  return new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid ?? ''));
}

/** The status with those counted that have lost their finalizer. The same one when there are none. */
export function settleUncounted(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = {
    succeeded: succeeded.filter((uid) => tracked.has(uid)),
    failed: failed.filter((uid) => tracked.has(uid)),
  };
  const [done, lost] = [succeeded.length - left.succeeded.length, failed.length - left.failed.length];
  if (done === 0 && lost === 0) return status;
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + done || undefined,
    failed: (status.failed ?? 0) + lost || undefined,
    uncountedTerminatedPods: uncountedOf(left.succeeded, left.failed),
  };
}

function uncountedOf(succeeded: readonly string[], failed: readonly string[]): UncountedTerminatedPods {
  return { ...(succeeded.length > 0 && { succeeded }), ...(failed.length > 0 && { failed }) };
}

/** How many pods have ended and are not counted yet. */
export function uncountedPods({ status }: Job): number {
  return uidCount(status ?? {});
}

function uidCount({ uncountedTerminatedPods: uncounted }: JobStatus): number {
  return (uncounted?.succeeded ?? []).length + (uncounted?.failed ?? []).length;
}
