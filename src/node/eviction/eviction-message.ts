import { formatQuantity, quantityOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerUsage, UsageOf } from './pod-usage.ts';
import { type Observations, type StarvedResource, signalFacts } from './signals.ts';
import { amountIn, type Threshold } from './thresholds.ts';

export interface EvictionMessageInput {
  readonly resource: StarvedResource;
  readonly pod: Pod;
  readonly usageOf: UsageOf;
  readonly thresholds: readonly Threshold[];
  readonly observations: Observations;
}

/** Why a pod is evicted, as its status and its event say it. */
export function evictionMessage({ resource, pod, usageOf, thresholds, observations }: EvictionMessageInput): string {
  const head = `The node was low on resource: ${resource}. ${thresholdText(resource, thresholds, observations)}`;
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const specs = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const offenders = (usageOf(pod)?.containers ?? []).flatMap((usage) => {
    const used = usedBytes(resource, usage);
    const spec = specs.find(({ name }) => name === usage.name);
    if (used === undefined || spec === undefined) return [];
    const request = spec.resources?.requests?.[resource] ?? '0';
    if (used <= wholeValueOf(request)) return [];
    const text = binary(used);
    return `Container ${usage.name} was using ${text}, request is ${request}, has larger consumption of ${resource}. `;
  });
  return [head, ...offenders].join('');
}

/** The first threshold of the resource that is met, and what is left. */
function thresholdText(
  resource: StarvedResource,
  thresholds: readonly Threshold[],
  observations: Observations,
): string {
  for (const { signal, amount } of thresholds) {
    const observation = observations.get(signal);
    if (signalFacts[signal].resource !== resource || observation === undefined) continue;
    const { available, capacity } = observation;
    const left = formatQuantity(quantityOf(available, isCount(resource) ? 'DecimalSI' : 'BinarySI'));
    return `Threshold quantity: ${binary(amountIn(amount, capacity))}, available: ${left}. `;
  }
  return '';
}

function usedBytes(resource: StarvedResource, { memoryBytes, rootfs, logs }: ContainerUsage): number | undefined {
  if (resource === 'memory') return memoryBytes;
  return resource === 'ephemeral-storage' ? rootfs.bytes + logs.bytes : undefined;
}

function isCount(resource: StarvedResource): boolean {
  return resource === 'inodes' || resource === 'pids';
}

function binary(amount: number): string {
  return formatQuantity(quantityOf(Math.floor(amount), 'BinarySI'));
}
