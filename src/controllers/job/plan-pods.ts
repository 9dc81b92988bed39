import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodTerminating } from '../runtime/pods.ts';
import { activeIndexes } from './assess-indexes.ts';
import type { JobAssessment } from './assess-job.ts';
import { completionIndex, earlierFailures, failureCountKey, ignoredFailureCountKey } from './completion-index.ts';
import { backOffLeftMs, indexBackOffLeftMs } from './failure-back-off.ts';
import { firstFree, mergeRanges } from './index-ranges.ts';
import { replacesFailedOnly } from './job-pods.ts';
import { judgePod } from './pod-failure-policy.ts';
import { leastAdvanced } from './surplus-pods.ts';

/** So many pods are created or deleted at most before the caches are looked at again. */
const burst = 500;
const leastWaitMs = 1000;

/** A pod to create; of an indexed job with its index and what it is told of earlier failures. */
export interface PlannedPod {
  readonly index?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What to do so that the right number of pods is at work. */
export type PodPlan =
  | { readonly action: 'none' }
  | { readonly action: 'wait'; readonly waitMs: number }
  | { readonly action: 'delete'; readonly pods: readonly Pod[] }
  | { readonly action: 'create'; readonly pods: readonly PlannedPod[] };

const none: PodPlan = { action: 'none' };

/** Of a job that goes on. Pods that are too many go before others are created. */
export function planPods(assessment: JobAssessment, now: number): PodPlan {
  const { spec, active, terminating } = assessment;
  const wanted = wantedPods(assessment);
  const surplus = surplusPods(assessment, Math.max(0, active.length - wanted));
  if (spec.suspend === true) return surplus.length > 0 ? { action: 'delete', pods: surplus } : none;
  if (surplus.length > 0) return { action: 'delete', pods: surplus.slice(0, burst) };
  const missing = wanted - active.length - (replacesFailedOnly(spec) ? terminating : 0);
  return missing > 0 ? planCreation(assessment, Math.min(missing, burst), now) : none;
}

function wantedPods({ spec, active, succeeded }: JobAssessment): number {
  const { parallelism = 1, completions } = spec;
  if (spec.suspend === true) return 0;
  // One that succeeded is the end of it: the others finish, and no more are made.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

function planCreation(assessment: JobAssessment, count: number, now: number): PodPlan {
  const { spec, indexes, backOff } = assessment;
  const perIndex = spec.backoffLimitPerIndex !== undefined;
  const leftMs = perIndex ? 0 : backOffLeftMs(backOff, now);
  if (leftMs > 0) return wait(leftMs);
  if (indexes === undefined) return { action: 'create', pods: Array.from({ length: count }, () => ({})) };
  const pending = pendingIndexes(assessment, count);
  if (pending.length === 0) return none;
  if (!perIndex) return { action: 'create', pods: pending.map((index) => ({ index })) };
  const left = pending.map((index) => [index, indexBackOffLeftMs(indexes.waiting.get(index), now)] as const);
  const due = left.filter(([, ms]) => ms === 0);
  if (due.length === 0) return wait(Math.min(...left.map(([, ms]) => ms)));
  return {
    action: 'create',
    pods: due.map(([index]) => ({ index, annotations: failureAnnotations(assessment, indexes.waiting.get(index)) })),
  };
}

function wait(leftMs: number): PodPlan {
  return { action: 'wait', waitMs: Math.max(leftMs, leastWaitMs) };
}

function pendingIndexes({ spec, pods, active, indexes }: JobAssessment, count: number): readonly number[] {
  let taken = mergeRanges(indexes?.succeeded ?? [], activeIndexes(active));
  if (replacesFailedOnly(spec)) taken = mergeRanges(taken, activeIndexes(pods.filter(isPodTerminating)));
  taken = mergeRanges(taken, indexes?.failed ?? []);
  return firstFree(taken, count, spec.completions ?? 0);
}

/** How often the index has failed, for the pod that takes over from this one. */
function failureAnnotations({ spec }: JobAssessment, replaced: Pod | undefined): Readonly<Record<string, string>> {
  if (replaced === undefined) return { [failureCountKey]: '0' };
  const { counted, ignored } = earlierFailures(replaced);
  const { counts } = judgePod(spec.podFailurePolicy, replaced);
  const ignoredNow = counts ? ignored : ignored + 1;
  return {
    [failureCountKey]: String(counts ? counted + 1 : counted),
    ...(ignoredNow > 0 && { [ignoredFailureCountKey]: String(ignoredNow) }),
  };
}

/** At least `count` active pods that are to go; of an indexed job all without an index that it has, and all but one of each index. */
function surplusPods({ spec, active, indexes }: JobAssessment, count: number): readonly Pod[] {
  if (indexes === undefined) return count === 0 ? [] : leastAdvanced(active, count);
  const { completions = 0 } = spec;
  const surplus: Pod[] = [];
  const left: Pod[] = [];
  const byIndex = Map.groupBy(active, (pod) => completionIndex(pod) ?? -1);
  for (const [index, pods] of byIndex) {
    const going = index < 0 || index >= completions ? pods : leastAdvanced(pods, pods.length - 1);
    surplus.push(...going);
    left.push(...pods.filter((pod) => !going.includes(pod)));
  }
  const more = count - surplus.length;
  return more > 0 ? [...surplus, ...leastAdvanced(left, more)] : surplus;
}
