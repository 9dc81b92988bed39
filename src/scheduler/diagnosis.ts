import type { Rejection } from './framework.ts';
import type { Diagnosis } from './schedule-pod.ts';

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).`: what events and conditions tell a user. */
export function diagnosisMessage(diagnosis: Diagnosis): string {
  const { nodeCount, preFilter, rejections, others } = diagnosis;
  const head = `0/${nodeCount} nodes are available`;
  if (preFilter !== undefined) return `${head}: ${preFilter.reasons.join(', ')}.`;
  if (rejections.size === 0 && others === undefined)
    return nodeCount === 0 ? 'no nodes available to schedule pods' : `${head}.`;
  return `${head}: ${countedReasons(rejections.values(), others, nodeCount - rejections.size)}.`;
}

/** `1 Insufficient cpu, 2 node(s) were unschedulable`: reasons with how many nodes gave them, in alphabetical order. `others`: of
 * `otherCount` nodes that have none of their own. */
export function countedReasons(rejections: Iterable<Rejection>, others?: Rejection, otherCount = 0): string {
  const counts = new Map<string, number>();
  const count = ({ reasons }: Rejection, times: number) => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + times);
  };
  for (const each of rejections) count(each, 1);
  if (others !== undefined && otherCount > 0) count(others, otherCount);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
