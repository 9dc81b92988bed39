import { tolerates } from '../../resources/core/scheduling/tolerations.ts';
import type { Taint, Toleration } from '../../resources/schema/core-v1.generated.ts';

/** A pod that is to be deleted when its time on a tainted node is up. */
export interface PlannedEviction {
  /** Since when the pod has had to reckon with it, milliseconds of the monotonic clock. */
  readonly sinceMs: number;
  readonly atMs: number;
}

/** `never`: what the node has does not make the pod leave. */
export type EvictionTime =
  | { readonly type: 'never' }
  | { readonly type: 'now' }
  | { readonly type: 'after'; readonly ms: number };

/**
 * When a pod has to leave a node with these taints of NoExecute: at once unless it tolerates all of them, and else when the shortest
 * of the tolerations that it makes use of has run out (KEP-166).
 */
export function evictionTime(taints: readonly Taint[], tolerations: readonly Toleration[]): EvictionTime {
  let shortest: number | undefined;
  for (const taint of taints) {
    const used = tolerations.find((toleration) => tolerates(toleration, taint));
    if (used === undefined) return { type: 'now' };
    const { tolerationSeconds } = used;
    if (tolerationSeconds !== undefined) shortest = Math.min(shortest ?? tolerationSeconds, tolerationSeconds);
  }
  if (shortest === undefined) return { type: 'never' };
  return shortest <= 0 ? { type: 'now' } : { type: 'after', ms: shortest * 1000 };
}

/** The plan for a pod from the one that there was: its time began with the first taint, whichever came since. */
export function planEviction(
  time: EvictionTime,
  plan: PlannedEviction | undefined,
  nowMs: number,
): PlannedEviction | undefined {
  if (time.type === 'never') return undefined;
  const sinceMs = plan?.sinceMs ?? nowMs;
  return { sinceMs, atMs: time.type === 'now' ? nowMs : sinceMs + time.ms };
}

export function evictingTaints(taints: readonly Taint[] | undefined): readonly Taint[] {
  return taints?.filter(({ effect }) => effect === 'NoExecute') ?? [];
}
