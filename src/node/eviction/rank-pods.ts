import { podRequests } from '../../resources/core/scheduling/pod-requests.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { addDisk, type DiskUsage, type PodUsage, type UsageOf } from './pod-usage.ts';
import type { Signal } from './signals.ts';

type Comparison = (a: Pod, b: Pod) => number;

/**
 * Pods in the order in which they are ended when a node runs short: first those that use more than they asked for, of these the less
 * important, of these the one that exceeds its request by most. Pids are not asked for: there the more important stay. `ownImages`:
 * images and writable layers are on another disk than the rest.
 */
export function rankPods(pods: readonly Pod[], signal: Signal, usageOf: UsageOf, ownImages: boolean): readonly Pod[] {
  const measured = new Map(pods.map((pod) => [pod, usageOf(pod)]));
  const comparisons = comparisonsFor(signal, (pod) => measured.get(pod), ownImages);
  return [...pods].sort((a, b) => {
    for (const compare of comparisons) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function comparisonsFor(signal: Signal, usageOf: UsageOf, ownImages: boolean): readonly Comparison[] {
  if (signal === 'pid.available') return [byPriority, moreFirst(usageOf, (_, { processes }) => processes)];
  const over = excess(signal, ownImages);
  return [moreFirst(usageOf, (pod, usage) => (over(pod, usage) > 0 ? 1 : 0)), byPriority, moreFirst(usageOf, over)];
}

/** By how much a pod uses more than it asked for; negative where it uses less. */
function excess(signal: Signal, ownImages: boolean): (pod: Pod, usage: PodUsage) => number {
  switch (signal) {
    case 'nodefs.available':
    case 'imagefs.available':
      return (pod, usage) => diskOf(usage, signal, ownImages).bytes - (podRequests(pod)['ephemeral-storage'] ?? 0);
    case 'nodefs.inodesFree':
    case 'imagefs.inodesFree':
      return (_, usage) => diskOf(usage, signal, ownImages).inodes;
    default:
      return (pod, { memoryBytes }) => memoryBytes - (podRequests(pod)['memory'] ?? 0);
  }
}

function diskOf({ containers, volumes }: PodUsage, signal: Signal, ownImages: boolean): DiskUsage {
  const layers = containers.map(({ rootfs }) => rootfs);
  const rest = [...containers.map(({ logs }) => logs), ...volumes.filter(({ local }) => local)];
  if (!ownImages) return addDisk(...layers, ...rest);
  return addDisk(...(signal.startsWith('imagefs.') ? layers : rest));
}

/** Pods of which nothing is known go before all others. */
function moreFirst(usageOf: UsageOf, amountOf: (pod: Pod, usage: PodUsage) => number): Comparison {
  return (a, b) => {
    const [one, other] = [usageOf(a), usageOf(b)];
    if (one === undefined || other === undefined) return Number(one !== undefined) - Number(other !== undefined);
    return amountOf(b, other) - amountOf(a, one);
  };
}

const byPriority: Comparison = (a, b) => (a.spec?.priority ?? 0) - (b.spec?.priority ?? 0);
