import type { Draft } from '../../../machinery/object.ts';
import { formatQuantity, parseQuantity, quantityProblem, roundQuantity } from '../../../machinery/quantity.ts';
import type { ResourceRequirements } from '../../schema/core-v1.generated.ts';

/** No finer than a thousandth: nearly every quantity there is. */
const coarse = /^[0-9]+(?:m|k|[MGTPE]i?|Ki)?$/;
const milli = -3;

type ResourceList = Draft<NonNullable<ResourceRequirements['limits']>>;

/** Rounds amounts up to thousandths, below which Kubernetes does not count. */
export function roundResources(resources: ResourceList): void {
  for (const name in resources) {
    const amount = resources[name];
    if (amount === undefined || (typeof amount === 'string' && coarse.test(amount))) continue;
    if (quantityProblem(amount) === undefined)
      resources[name] = formatQuantity(roundQuantity(parseQuantity(amount), milli));
  }
}

/** A limit without a request is a request of the same amount. */
export function requestLimits(requirements: Draft<ResourceRequirements> | undefined): void {
  const limits = requirements?.limits;
  if (requirements === undefined || limits === undefined) return;
  for (const name in limits) {
    const limit = limits[name];
    if (limit === undefined) continue;
    requirements.requests ??= {};
    requirements.requests[name] ??= limit;
  }
}
