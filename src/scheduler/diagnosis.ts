import type { Rejection } from './framework.ts';
import type { Diagnosis } from './schedule-pod.ts';

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).`: what events and conditions tell a user. */
export function diagnosisMessage(diagnosis: Diagnosis): string {
  const { nodeCount, preFilter, rejections } = diagnosis;
  const head = `0/${nodeCount} nodes are available`;
  if (preFilter !== undefined) return `${head}: ${preFilter.reasons.join(', ')}.`;
  if (rejections.size === 0) return nodeCount === 0 ? 'no nodes available to schedule pods' : `${head}.`;
  return `${head}: ${countedReasons(rejections.values())}.`;
}

/** `1 Insufficient cpu, 2 node(s) were unschedulable`: reasons with how many nodes gave them, in alphabetical order. */
export function countedReasons(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
