import type { Reader } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { type Quantity, quantityOf } from '../../machinery/quantity.ts';
import { groupResource } from '../../machinery/resource-type.ts';
import { type Amounts, addAmounts, onlyNamed, readAmounts } from '../../resources/core/resource-quota/amounts.ts';
import { quotaEvaluator } from '../../resources/core/resource-quota/evaluators.ts';
import type { QuotaEvaluator } from '../../resources/core/resource-quota/quota-evaluator.ts';
import { inScopes } from '../../resources/core/resource-quota/quota-matching.ts';
import type { ResourceQuota } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, pods, services } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceMonitors } from '../garbage-collector/resource-monitors.ts';

export interface UsageSource {
  readonly client: Reader;
  readonly monitors: Pick<ResourceMonitors, 'monitored'>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Of these more counts than that they are there, and more than caches keep of them. */
const read = [pods, services, persistentVolumeClaims].map(groupResource);

/** What the quota's namespace uses of what it limits. What cannot be counted keeps the amount that it has. */
export async function countUsage(
  quota: ResourceQuota,
  source: UsageSource,
): Promise<{ readonly used: Amounts; readonly objects: number }> {
  const names = Object.keys(quota.spec?.hard ?? {});
  let used = onlyNamed(readAmounts(quota.status?.used), names);
  let objects = 0;
  for (const { type, informer } of source.monitors.monitored()) {
    const evaluator = quotaEvaluator(type);
    const tracked = names.filter((name) => evaluator?.tracks(name));
    if (evaluator === undefined || tracked.length === 0) continue;
    const namespace = quota.metadata.namespace ?? '';
    const isRead = read.includes(groupResource(type));
    const { signal } = source;
    const items = isRead
      ? (await source.client.list(type, { namespace, signal })).items
      : [...informer.list(namespace)];
    objects += items.length;
    const counted = usageOf(quota, evaluator, items, tracked, source.now);
    used = new Map([...used, ...counted]);
  }
  return { used, objects };
}

function usageOf(
  quota: ResourceQuota,
  evaluator: QuotaEvaluator,
  items: readonly KubeObject[],
  names: readonly string[],
  now: number,
): Amounts {
  let sum: Amounts = new Map<string, Quantity>(names.map((name) => [name, quantityOf(0)]));
  for (const item of items)
    if (inScopes(quota, evaluator, item)) sum = addAmounts(sum, onlyNamed(evaluator.usage(item, now), names));
  return sum;
}
