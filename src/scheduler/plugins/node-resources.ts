import type { ResourceAmounts } from '../../resources/core/scheduling/pod-requests.ts';
import { highestScore, type Plugin, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

/** Whether the node has what the pod asks for; more room free is better (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  retryOn: ['NodeAdded', 'NodeChanged', 'PodDeleted', 'PodScaledDown', 'PodUpdated'],
  filter: (_state, { requests }, node) => shortage(requests, node),
  score(_state, { nonZeroRequests }, node) {
    const known = scored.filter((name) => (node.allocatable[name] ?? 0) > 0);
    const free = known.map((name) => {
      const total = node.allocatable[name] ?? 0;
      const left = total - node.nonZeroRequested[name] - (nonZeroRequests[name] ?? 0);
      return Math.max(0, Math.floor((left * highestScore) / total));
    });
    return known.length === 0 ? 0 : Math.floor(free.reduce((sum, each) => sum + each) / known.length);
  },
};

/** Prefers nodes whose cpu and memory would be used to the same degree, or more so than without the pod. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  retryOn: [],
  preScore: (_state, { requests }) => (scored.every((name) => (requests[name] ?? 0) === 0) ? 'skip' : undefined),
  score(_state, { requests }, node) {
    const gain = evenness(node, requests) - evenness(node, {});
    return Math.floor((1.5 * highestScore + gain) / 2);
  },
};

/** The resources that nodes are scored by. */
const scored = ['cpu', 'memory'] as const;

/** 100 where cpu and memory of the node are used to the same degree, once these requests are added; 50 where one is used up alone. */
function evenness({ allocatable, requested }: NodeInfo, added: ResourceAmounts): number {
  const [cpu, memory] = scored.map((name) => {
    const total = allocatable[name] ?? 0;
    return total === 0 ? undefined : Math.min(1, ((requested[name] ?? 0) + (added[name] ?? 0)) / total);
  });
  const apart = cpu === undefined || memory === undefined ? 0 : Math.abs(cpu - memory) / 2;
  return Math.floor((1 - apart) * highestScore);
}

function shortage(requests: ResourceAmounts, node: NodeInfo): Rejection | undefined {
  const reasons: string[] = [];
  // No pod could leave to make room for more than the node ever had.
  let unresolvable = false;
  if (node.pods.size + 1 > (node.allocatable['pods'] ?? 0)) reasons.push('Too many pods');
  for (const name in requests) {
    const wanted = requests[name] ?? 0;
    const total = node.allocatable[name] ?? 0;
    if (wanted === 0 || wanted <= total - (node.requested[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    unresolvable ||= wanted > total;
  }
  return reasons.length === 0 ? undefined : { reasons, unresolvable };
}
