import { withStatusCondition } from '../../machinery/conditions.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Condition } from '../schema/meta-v1.generated.ts';
import type { PodDisruptionBudgetStatus } from '../schema/policy-v1.generated.ts';

export const disruptionAllowed = 'DisruptionAllowed';

/** The conditions of a budget as its numbers ask for them. `now`: milliseconds since 1970. */
export function withDisruptionAllowed(status: PodDisruptionBudgetStatus, now: number): readonly Condition[] {
  const allowed = (status.disruptionsAllowed ?? 0) > 0;
  return withStatusCondition(status.conditions ?? [], {
    type: disruptionAllowed,
    status: allowed ? 'True' : 'False',
    reason: allowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
    lastTransitionTime: formatTime(now),
  });
}
