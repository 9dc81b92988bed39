import type { Job, JobSpec } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { completionIndex, earlierFailures, validIndex } from './completion-index.ts';
import { finishedMs } from './failure-back-off.ts';
import { hasIndex, type IndexRanges, mergeRanges, parseIndexRanges, rangesOf } from './index-ranges.ts';
import { hasFailed, isTracked } from './job-pods.ts';
import { judgePod } from './pod-failure-policy.ts';

/** Where the indexes of an indexed job stand. */
export interface IndexAssessment {
  /** As the status has it. */
  readonly before: IndexRanges;
  readonly succeeded: IndexRanges;
  /** Undefined when there is no limit for each index (KEP-3850). */
  readonly failed: IndexRanges | undefined;
  /**
   * The last failed pod of each index that is to be tried again. It stays until the next one is there, which is told by it how often
   * the index has failed.
   */
  readonly waiting: ReadonlyMap<number, Pod>;
}

export function assessIndexes(
  { status = {} }: Job,
  spec: JobSpec,
  pods: readonly Pod[],
  active: readonly Pod[],
): IndexAssessment {
  const { completions = 0, backoffLimitPerIndex } = spec;
  const indexesOf = (wanted: (pod: Pod) => boolean) => rangesOf(trackedIndexes(spec, pods, wanted));
  const before = parseIndexRanges(status.completedIndexes ?? '', completions);
  const succeeded = mergeRanges(
    before,
    indexesOf((pod) => pod.status?.phase === 'Succeeded'),
  );
  if (backoffLimitPerIndex === undefined) return { before, succeeded, failed: undefined, waiting: new Map() };
  const failed = mergeRanges(
    parseIndexRanges(status.failedIndexes ?? '', completions),
    indexesOf((pod) => failsIndex(pod, spec, backoffLimitPerIndex)),
  );
  const settled = mergeRanges(mergeRanges(succeeded, failed), activeIndexes(active));
  return { before, succeeded, failed, waiting: waitingPods(spec, pods, settled) };
}

/** The indexes that active pods work on. */
export function activeIndexes(active: readonly Pod[]): IndexRanges {
  return rangesOf(active.map(completionIndex).filter((index) => index !== undefined));
}

function trackedIndexes(spec: JobSpec, pods: readonly Pod[], wanted: (pod: Pod) => boolean): readonly number[] {
  return pods
    .filter((pod) => isTracked(pod) && wanted(pod))
    .map((pod) => validIndex(pod, spec))
    .filter((index) => index !== undefined);
}

function failsIndex(pod: Pod, spec: JobSpec, limit: number): boolean {
  if (!hasFailed(pod, spec)) return false;
  const { failsIndex: byPolicy, counts } = judgePod(spec.podFailurePolicy, pod);
  return byPolicy === true || (counts && earlierFailures(pod).counted >= limit);
}

function waitingPods(spec: JobSpec, pods: readonly Pod[], settled: IndexRanges): ReadonlyMap<number, Pod> {
  const waiting = new Map<number, Pod>();
  for (const pod of pods) {
    const index = validIndex(pod, spec);
    if (index === undefined || !isTracked(pod) || !hasFailed(pod, spec) || hasIndex(settled, index)) continue;
    const last = waiting.get(index);
    const later = last === undefined || (failuresOf(last) <= failuresOf(pod) && finishedMs(pod) >= finishedMs(last));
    if (later) waiting.set(index, pod);
  }
  return waiting;
}

function failuresOf(pod: Pod): number {
  const { counted, ignored } = earlierFailures(pod);
  return counted + ignored;
}
