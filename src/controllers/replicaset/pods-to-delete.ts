import { parseTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodActive, isPodReady, readySinceMs } from '../runtime/pods.ts';
import { compareNumbers, restartsOf, stageOf } from '../runtime/removal-order.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/**
 * Which `count` of the active pods go when there are too many: those that would be missed least. `related` are all pods of the
 * same owner's ReplicaSets, so that a rollout does not leave two pods on one node while another node has none.
 */
export function podsToDelete(
  active: readonly Pod[],
  related: Iterable<Pod>,
  count: number,
  now: number,
): readonly Pod[] {
  if (count >= active.length) return active;
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (isPodActive(pod) && node !== '') onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  return active
    .map((pod) => candidate(pod, onNode, now))
    .sort(compare)
    .slice(0, count)
    .map(({ pod }) => pod);
}

interface Candidate {
  readonly pod: Pod;
  /** Compared one after the other; the smaller goes first. */
  readonly order: readonly number[];
  readonly readyAge: number;
  readonly restarts: readonly number[];
  readonly age: number;
}

function candidate(pod: Pod, onNode: ReadonlyMap<string, number>, now: number): Candidate {
  const node = pod.spec?.nodeName ?? '';
  return {
    pod,
    order: [...stageOf(pod), costOf(pod), -(onNode.get(node) ?? 0)],
    readyAge: isPodReady(pod) ? magnitude(now, readySinceMs(pod)) : Number.NaN,
    restarts: restartsOf(pod),
    age: magnitude(now, parseTime(pod.metadata.creationTimestamp)),
  };
}

function compare(a: Candidate, b: Candidate): number {
  const byOrder = compareNumbers(a.order, b.order);
  if (byOrder !== 0) return byOrder;
  const bothReady = !Number.isNaN(a.readyAge) && !Number.isNaN(b.readyAge);
  if (bothReady && readySinceMs(a.pod) !== readySinceMs(b.pod)) return a.readyAge - b.readyAge || byUid(a, b);
  const byRestarts = compareNumbers(a.restarts, b.restarts);
  if (byRestarts !== 0) return byRestarts;
  if (a.pod.metadata.creationTimestamp !== b.pod.metadata.creationTimestamp) return a.age - b.age || byUid(a, b);
  return 0;
}

/** Among pods of about the same age it is left to chance, as uids are. */
function byUid(a: Candidate, b: Candidate): number {
  return (a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1;
}

/** An age as a power of two, so that ages count when they differ much (KEP-2185). What has none counts as oldest of all. */
function magnitude(now: number, sinceMs: number | undefined): number {
  if (sinceMs === undefined) return 64;
  const age = now - sinceMs;
  return age > 0 ? Math.floor(Math.log2(age * 1e6)) : -1;
}

function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCost] ?? '';
  if (!/^-?(?:0|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}
