import { parseTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodReady, readySinceMs } from '../runtime/pods.ts';
import { compareNumbers, restartsOf, stageOf } from '../runtime/removal-order.ts';

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
    (isPodReady(a) ? later(readySinceMs(a), readySinceMs(b)) : 0) ||
    compareNumbers(restartsOf(a), restartsOf(b)) ||
    later(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp))
  );
}

/** The later time comes first, and before all one that is not known. */
function later(one = Number.POSITIVE_INFINITY, other = Number.POSITIVE_INFINITY): number {
  return one === other ? 0 : other > one ? 1 : -1;
}
