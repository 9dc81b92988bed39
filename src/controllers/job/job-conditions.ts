import { formatTime } from '../../machinery/time.ts';
import type { JobCondition } from '../../resources/schema/batch-v1.generated.ts';

/** How a job ends or is about to: the type of the condition with why it holds. */
export interface Outcome {
  readonly type: 'SuccessCriteriaMet' | 'Complete' | 'FailureTarget' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

/** The condition that says so, from now on. */
export function conditionOf(
  outcome: { readonly type: string; readonly reason: string; readonly message: string },
  now: number,
  status = 'True',
): JobCondition {
  const time = formatTime(now);
  const { type, reason, message } = outcome;
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}

/**
 * The conditions with this one at its place. Undefined when nothing changes: it says the same already, or it would say that something
 * does not hold of which nobody has ever said that it did.
 */
export function changedConditions(
  conditions: readonly JobCondition[],
  condition: JobCondition,
): readonly JobCondition[] | undefined {
  const current = conditions.find(({ type }) => type === condition.type);
  if (current === undefined) return condition.status === 'False' ? undefined : [...conditions, condition];
  const same = (['status', 'reason', 'message'] as const).every((field) => current[field] === condition[field]);
  return same ? undefined : conditions.map((each) => (each === current ? condition : each));
}
