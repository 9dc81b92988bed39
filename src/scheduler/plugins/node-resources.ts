import type { ResourceAmounts } from '../../resources/core/scheduling/pod-requests.ts';
import { highestScore, type Plugin, type Rejection } from '../framework.ts';
import { type NodeInfo, nonZeroRequests } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

/** Whether the node has what the pod asks for; more room free is better (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  retryOn: ['NodeAdded', 'NodeChanged', 'PodDeleted', 'PodScaledDown', 'PodUpdated'],
  filter: (_state, { requests }, node) => shortage(requests, node),
  score(_state, pod, node) {
    const after = requestedAfter(pod, node);
    const free = (used: number, total: number) =>
      total === 0 || used > total ? 0 : Math.floor(((total - used) * highestScore) / total);
    const { cpu = 0, memory = 0 } = node.allocatable;
    return Math.floor((free(after.cpu, cpu) + free(after.memory, memory)) / 2);
  },
};

/** Prefers nodes whose cpu and memory would be used to the same degree. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  retryOn: [],
  preScore: (_state, { requests }) => (Object.keys(requests).length === 0 ? 'skip' : undefined),
  score(_state, { requests }, node) {
    const fraction = (name: string) => {
      const total = node.allocatable[name] ?? 0;
      return total === 0 ? 0 : Math.min(1, ((node.requested[name] ?? 0) + (requests[name] ?? 0)) / total);
    };
    return Math.floor((1 - Math.abs(fraction('cpu') - fraction('memory')) / 2) * highestScore);
  },
};

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

function requestedAfter(pod: PodInfo, node: NodeInfo): { readonly cpu: number; readonly memory: number } {
  const own = nonZeroRequests(pod);
  return { cpu: node.nonZeroRequested.cpu + own.cpu, memory: node.nonZeroRequested.memory + own.memory };
}
