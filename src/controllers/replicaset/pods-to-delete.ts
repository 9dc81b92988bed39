import { parseTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodActive, isPodReady, readySinceMs } from '../runtime/pods.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

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
  readonly restarts: number;
  readonly age: number;
}

function candidate(pod: Pod, onNode: ReadonlyMap<string, number>, now: number): Candidate {
  const node = pod.spec?.nodeName ?? '';
  return {
    pod,
    order: [
      node === '' ? 0 : 1,
      phaseOrder[pod.status?.phase ?? ''] ?? 0,
      isPodReady(pod) ? 1 : 0,
      costOf(pod),
      -(onNode.get(node) ?? 0),
    ],
    readyAge: isPodReady(pod) ? magnitude(now, readySinceMs(pod)) : Number.NaN,
    restarts: Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount)),
    age: magnitude(now, parseTime(pod.metadata.creationTimestamp)),
  };
}

function compare(a: Candidate, b: Candidate): number {
  for (const [index, value] of a.order.entries()) {
    const other = b.order[index] ?? 0;
    if (value !== other) return value - other;
  }
  const bothReady = !Number.isNaN(a.readyAge) && !Number.isNaN(b.readyAge);
  if (bothReady && readySinceMs(a.pod) !== readySinceMs(b.pod)) return a.readyAge - b.readyAge || byUid(a, b);
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
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
