import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodReady, readySinceMs } from '../runtime/pods.ts';
import { compareNumbers, createdAtMs, restartsOf, stageOf } from '../runtime/removal-order.ts';

/**
 * Which `count` of the active pods of a job go when there are too many: those that have come least far, and of those that have come
 * equally far the youngest. The pods of a job are not told apart by what they would cost or where they are.
 */
export function leastAdvanced(active: readonly Pod[], count: number): readonly Pod[] {
  return count >= active.length ? active : active.toSorted(compare).slice(0, count);
}

function compare(a: Pod, b: Pod): number {
  return (
    compareNumbers(stageOf(a), stageOf(b)) ||
    (isPodReady(a) ? later(readySince(a), readySince(b)) : 0) ||
    compareNumbers(restartsOf(a), restartsOf(b)) ||
    later(createdAtMs(a), createdAtMs(b))
  );
}

function readySince(pod: Pod): number {
  return readySinceMs(pod) ?? Number.POSITIVE_INFINITY;
}

/** The later comes first. */
function later(one: number, other: number): number {
  return one === other ? 0 : other > one ? 1 : -1;
}
