import { milliValueOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { Container, Pod, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';
import type { LinuxResources } from '../runtime/runtime.ts';
import { isRestartableInit } from './restart-policy.ts';

/** Of the completely fair scheduler, in microseconds. */
const cpuPeriod = 100_000;
const leastQuota = 1000;
const leastShares = 2;
const mostShares = 262_144;
/** From this priority on a pod is killed for memory as late as one whose requests are its limits. */
const nodeCriticalPriority = 2_000_000_000;

/** The limits of one container. `memoryCapacityBytes`: of the node, for the order in which the kernel kills. */
export function linuxResources(pod: Pod, container: Container, memoryCapacityBytes: number): LinuxResources {
  const { requests, limits } = container.resources ?? {};
  return {
    ...cpuResources(container.resources),
    memoryLimitBytes: bytesOf(limits?.['memory'] ?? pod.spec?.resources?.limits?.['memory']),
    oomScoreAdj: oomScoreAdjust(pod, container, bytesOf(requests?.['memory']), memoryCapacityBytes),
  };
}

/** Shares and quota; a limit without a request asks for what it limits. */
function cpuResources(
  resources: ResourceRequirements | undefined,
): Pick<LinuxResources, 'cpuShares' | 'cpuQuota' | 'cpuPeriod'> {
  const { requests, limits } = resources ?? {};
  const limit = limits?.['cpu'];
  const request = requests?.['cpu'] ?? limit;
  return {
    cpuShares: sharesOf(request === undefined ? 0 : milliValueOf(request)),
    cpuQuota: limit === undefined ? 0 : quotaOf(milliValueOf(limit)),
    cpuPeriod,
  };
}

export function sharesOf(milliCpu: number): number {
  return Math.min(mostShares, Math.max(leastShares, Math.floor((milliCpu * 1024) / 1000)));
}

export function quotaOf(milliCpu: number): number {
  return milliCpu === 0 ? 0 : Math.max(leastQuota, Math.floor((milliCpu * cpuPeriod) / 1000));
}

function bytesOf(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : wholeValueOf(quantity);
}

/** From -997 (killed last) to 1000 (first). A burstable container goes the later the more memory it asked for. */
function oomScoreAdjust(pod: Pod, container: Container, requestBytes: number, capacityBytes: number): number {
  const quality = pod.status?.qosClass;
  if (quality === 'Guaranteed' || (pod.spec?.priority ?? 0) >= nodeCriticalPriority) return -997;
  if (quality === 'BestEffort') return 1000;
  const share = capacityBytes === 0 ? 0 : Math.floor((1000 * requestBytes) / capacityBytes);
  const adjust = Math.min(999, Math.max(3, 1000 - share));
  if (!isRestartableInit(container)) return adjust;
  // A sidecar is not killed before the containers it serves.
  const main = (pod.spec?.containers ?? []).map((each) => bytesOf(each.resources?.requests?.['memory']));
  const least = Math.min(...main.map((bytes) => 1000 - Math.floor((1000 * bytes) / Math.max(capacityBytes, 1))));
  return Math.min(adjust, Math.max(3, least));
}
