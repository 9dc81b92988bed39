import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { parseTime } from '../../machinery/time.ts';
import { withDisruptionAllowed } from '../../resources/policy/disruption-allowed.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type {
  PodDisruptionBudget,
  PodDisruptionBudgetSpec,
  PodDisruptionBudgetStatus,
} from '../../resources/schema/policy-v1.generated.ts';
import { isPodReady } from '../runtime/pods.ts';

/** An eviction that was let through counts as a loss for so long, unless the pod is seen to go. */
const deletionTimeoutMs = 2 * 60_000;

export interface BudgetSnapshot {
  readonly budget: PodDisruptionBudget;
  /** Those that the budget selects. */
  readonly pods: readonly Pod[];
  /** How many pods their owners want together; only asked for where `needsScale` says so. */
  readonly expectedScale: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface BudgetDecision {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods that were to be evicted and are still there. */
  readonly notDeleted: readonly Pod[];
  /** When time alone changes the answer. */
  readonly recheckAfterMs: number | undefined;
}

/** Whether the number of pods that there should be counts, and not only how many there are. */
export function needsScale({ maxUnavailable, minAvailable }: PodDisruptionBudgetSpec): boolean {
  return maxUnavailable !== undefined || typeof minAvailable === 'string';
}

/** What a budget allows now. Throws an Error in Kubernetes' words for a number that is none. */
export function decideBudget({ budget, pods, expectedScale, now }: BudgetSnapshot): BudgetDecision {
  const { spec = {}, status = {} } = budget;
  const expectedPods = needsScale(spec) ? expectedScale : spec.minAvailable === undefined ? 0 : pods.length;
  const desiredHealthy = healthyWanted(spec, expectedPods);
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckAfterMs: number | undefined;
  let currentHealthy = 0;
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const { name = '' } = pod.metadata;
    const since = status.disruptedPods?.[name];
    const leftMs = since === undefined ? 0 : (parseTime(since) ?? 0) + deletionTimeoutMs - now;
    if (since !== undefined && leftMs >= 0) {
      disruptedPods[name] = since;
      recheckAfterMs = Math.min(recheckAfterMs ?? leftMs, leftMs);
    } else if (since !== undefined) notDeleted.push(pod);
    if (leftMs <= 0 && isPodReady(pod)) currentHealthy += 1;
  }
  // Without pods that should be there nothing is known yet: none may go until the controller has seen them.
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const counted: PodDisruptionBudgetStatus = {
    ...(budget.metadata.generation !== undefined && { observedGeneration: budget.metadata.generation }),
    ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    ...(status.conditions !== undefined && { conditions: status.conditions }),
  };
  return {
    status: { ...counted, conditions: withDisruptionAllowed(counted, now) },
    notDeleted,
    recheckAfterMs: recheckAfterMs === undefined ? undefined : recheckAfterMs + 1,
  };
}

/** Percentages are rounded up, in either direction. */
function healthyWanted({ maxUnavailable, minAvailable }: PodDisruptionBudgetSpec, expectedPods: number): number {
  if (maxUnavailable !== undefined)
    return Math.max(0, expectedPods - scaledIntOrPercent(maxUnavailable, expectedPods, true));
  return minAvailable === undefined ? 0 : scaledIntOrPercent(minAvailable, expectedPods, true);
}
