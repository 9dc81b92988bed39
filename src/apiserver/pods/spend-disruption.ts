import { type Draft, draft } from '../../machinery/object.ts';
import { type StatusDetails, StatusError } from '../../machinery/status-error.ts';
import { forbiddenRequest, tooManyRequests } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import { disruptionAllowed, withDisruptionAllowed } from '../../resources/policy/disruption-allowed.ts';
import type { PodDisruptionBudget } from '../../resources/schema/policy-v1.generated.ts';

const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
/** So many evictions may be let through before the controller has seen any of them. */
const mostUnseen = 2000;
const retryAfterSeconds = 10;

/**
 * Takes one disruption out of a budget for this pod. Throws TooManyRequests when it has none to give, and Forbidden when its state
 * makes no sense. `now`: milliseconds since 1970.
 */
export function spendDisruption(budget: PodDisruptionBudget, podName: string, now: number): Draft<PodDisruptionBudget> {
  const { name = '', generation = 0 } = budget.metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = budget.status ?? {};
  if (observedGeneration < generation) throw budgetNotReady(name);
  if (disruptionsAllowed < 0) {
    const why = 'pdb disruptions allowed is negative';
    throw forbiddenByBudget(name, why, why);
  }
  if (Object.keys(disruptedPods).length > mostUnseen) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbiddenByBudget(name, why, 'too many pending evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) throw withCause(tooManyRequests(refusal), whyNone(budget));
  const spent = draft(budget);
  const status = {
    ...spent.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [podName]: formatTime(now) },
  };
  if (status.disruptionsAllowed === 0) status.conditions = draft([...withDisruptionAllowed(status, now)]);
  spent.status = status;
  return spent;
}

/** The budget has not been computed since it or the pod changed: the client may ask again. */
export function budgetNotReady(name: string): StatusError {
  const cause = `The disruption budget ${name} is still being processed by the server.`;
  return withCause(tooManyRequests(refusal, retryAfterSeconds), cause);
}

function whyNone({ metadata: { name }, status = {} }: PodDisruptionBudget): string {
  const { currentHealthy = 0, desiredHealthy = 0, conditions = [] } = status;
  const condition = conditions.find(({ type }) => type === disruptionAllowed);
  const told = condition?.status === 'False' && condition.message !== '' ? condition : undefined;
  const head = `The disruption budget ${name} does not allow evicting pods currently`;
  if (told?.reason === 'SyncFailed') return `${head} because it failed sync: ${told.message}`;
  if (currentHealthy <= desiredHealthy)
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return told === undefined ? head : `${head} (${told.reason}): ${told.message}`;
}

function forbiddenByBudget(name: string, why: string, told: string): StatusError {
  const error = forbiddenRequest({ group: 'policy', resource: 'poddisruptionbudget' }, name, why);
  return withCause(error, `The disruption budget ${name} does not allow evicting pods currently: ${told}`);
}

function withCause(error: StatusError, message: string): StatusError {
  const details: StatusDetails = { ...error.status.details, causes: [{ reason: 'DisruptionBudget', message }] };
  return new StatusError({ ...error.status, details });
}
