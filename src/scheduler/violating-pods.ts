import { compileLabelSelector } from '../machinery/label-selector.ts';
import type { PodDisruptionBudget } from '../resources/schema/policy-v1.generated.ts';
import type { Snapshot } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

/**
 * Which of these pods would go though a PodDisruptionBudget does not allow it, if all of them went in this order. One that was let
 * go already is not counted again.
 */
export function violatingPods(pods: readonly PodInfo[], snapshot: Pick<Snapshot, 'budgets'>): ReadonlySet<PodInfo> {
  const violating = new Set<PodInfo>();
  const left = new Map<PodDisruptionBudget, number>();
  for (const info of pods) {
    const { namespace = '', name = '', labels = {} } = info.pod.metadata;
    if (Object.keys(labels).length === 0) continue;
    for (const budget of snapshot.budgets(namespace)) {
      if (!selects(budget, labels) || budget.status?.disruptedPods?.[name] !== undefined) continue;
      const allowed = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
      left.set(budget, allowed);
      if (allowed < 0) violating.add(info);
    }
  }
  return violating;
}

/** For preemption a budget without a selector, or with an empty one, protects nobody. */
function selects({ spec }: PodDisruptionBudget, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false;
  try {
    return compileLabelSelector(spec?.selector).matches(labels);
  } catch {
    return false;
  }
}
