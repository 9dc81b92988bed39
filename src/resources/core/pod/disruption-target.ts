import { formatTime } from '../../../machinery/time.ts';
import type { Pod, PodCondition } from '../../schema/core-v1.generated.ts';

/**
 * The condition by which controllers tell a disruption from a failure of the pod itself (KEP-3329): whoever deletes a pod for
 * reasons of the cluster sets it first. `now`: milliseconds since 1970.
 */
export function disruptionTarget(pod: Pod, reason: string, message: string, now: number): PodCondition {
  const current = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  const { generation } = pod.metadata;
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message,
    lastTransitionTime: current?.status === 'True' ? current.lastTransitionTime : formatTime(now),
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}
