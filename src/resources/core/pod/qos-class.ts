import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';
import { hasPodLevelResources } from './pod-resource-defaults.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'];
type Totals = Map<string, Quantity>;

/** Who goes first when a node runs short: decided when the pod is created, from its cpu and memory. */
export function qosClassOf(spec: PodSpec): QosClass {
  const requests: Totals = new Map();
  const limits: Totals = new Map();
  let guaranteed = true;
  if (hasPodLevelResources(spec)) guaranteed = count(spec.resources, requests, limits);
  else
    for (const containers of [spec.containers, spec.initContainers ?? []])
      for (const { resources } of containers) guaranteed = count(resources, requests, limits) && guaranteed;
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  return guaranteed && sameTotals(requests, limits) ? 'Guaranteed' : 'Burstable';
}

/** Adds up one container; answers whether it limits both cpu and memory. */
function count(resources: ResourceRequirements | undefined, requests: Totals, limits: Totals): boolean {
  let limited = true;
  for (const name of counted) {
    add(requests, name, resources?.requests?.[name]);
    limited = add(limits, name, resources?.limits?.[name]) && limited;
  }
  return limited;
}

function add(totals: Totals, name: string, text: string | number | undefined): boolean {
  if (text === undefined) return false;
  const amount = parseQuantity(text);
  if (amount.unscaled <= 0n) return false;
  const total = totals.get(name);
  totals.set(name, total === undefined ? amount : addQuantities(total, amount));
  return true;
}

function sameTotals(requests: Totals, limits: Totals): boolean {
  if (requests.size !== limits.size) return false;
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    if (limit === undefined || compareQuantities(limit, request) !== 0) return false;
  }
  return true;
}
