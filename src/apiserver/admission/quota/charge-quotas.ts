import {
  type Amounts,
  addAmounts,
  exceeding,
  excessAmounts,
  onlyNamed,
  readAmounts,
  withoutZeros,
  writeAmounts,
} from '../../../resources/core/resource-quota/amounts.ts';
import type { QuotaEvaluator, QuotaWrite } from '../../../resources/core/resource-quota/quota-evaluator.ts';
import { inScopes } from '../../../resources/core/resource-quota/quota-matching.ts';
import type { ResourceQuota } from '../../../resources/schema/core-v1.generated.ts';

/** A write that a quota does not allow; the message is that of Kubernetes. */
export class QuotaRefusal extends Error {
  override readonly name = 'QuotaRefusal';
}

/**
 * The quotas of a namespace as they are once the write is done; those that it does not change are the same objects. `now`: milliseconds
 * since 1970. Throws `QuotaRefusal`.
 */
export function chargeQuotas(
  quotas: readonly ResourceQuota[],
  write: QuotaWrite,
  evaluator: QuotaEvaluator,
  now: number,
): readonly ResourceQuota[] {
  const concerned = quotas.filter((quota) => concerns(quota, evaluator, write.object));
  for (const quota of concerned) checkReady(quota, evaluator, write);
  if (concerned.length === 0) return quotas;
  const usage = evaluator.usage(write.object, now);
  const negative = [...usage].filter(([, { unscaled }]) => unscaled < 0n).map(([name]) => name);
  if (negative.length > 0)
    throw new QuotaRefusal(`quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  return quotas.map((quota) => {
    if (!concerned.includes(quota)) return quota;
    return charge(quota, withoutZeros(addedUsage(quota, write, evaluator, usage, now)), write);
  });
}

function concerns(quota: ResourceQuota, evaluator: QuotaEvaluator, object: QuotaWrite['object']): boolean {
  return trackedNames(quota, evaluator).length > 0 && inScopes(quota, evaluator, object);
}

function trackedNames({ status }: ResourceQuota, evaluator: QuotaEvaluator): readonly string[] {
  return Object.keys(status?.hard ?? {}).filter((name) => evaluator.tracks(name));
}

/** Throws when the object lacks what the quota needs to count, or when the quota has not been counted itself. */
function checkReady(quota: ResourceQuota, evaluator: QuotaEvaluator, { object }: QuotaWrite): void {
  const names = trackedNames(quota, evaluator);
  const { name } = quota.metadata;
  const lack = evaluator.lacks?.(object, names);
  if (lack !== undefined) throw new QuotaRefusal(`failed quota: ${name}: ${lack}`);
  const used = quota.status?.used ?? {};
  if (names.every((each) => used[each] !== undefined)) return;
  throw new QuotaRefusal(`status unknown for quota: ${name}, resources: ${names.toSorted().join(',')}`);
}

/** An update is charged with what it adds, if what was there before is in this quota too. */
function addedUsage(
  quota: ResourceQuota,
  { operation, old }: QuotaWrite,
  evaluator: QuotaEvaluator,
  usage: Amounts,
  now: number,
): Amounts {
  if (operation !== 'UPDATE' || old === undefined || !concerns(quota, evaluator, old)) return usage;
  return excessAmounts(usage, evaluator.usage(old, now));
}

function charge(quota: ResourceQuota, added: Amounts, { subresource }: QuotaWrite): ResourceQuota {
  const hard = readAmounts(quota.status?.hard);
  const used = readAmounts(quota.status?.used);
  const requested = onlyNamed(added, hard.keys());
  if (requested.size === 0) return quota;
  const sum = addAmounts(used, requested);
  // What somebody reports has happened already.
  const exceeded = subresource === 'status' ? [] : exceeding(onlyNamed(sum, requested.keys()), hard);
  if (exceeded.length > 0) {
    const shown = (amounts: Amounts) => textOf(onlyNamed(amounts, exceeded));
    const parts = `requested: ${shown(requested)}, used: ${shown(used)}, limited: ${shown(hard)}`;
    throw new QuotaRefusal(`exceeded quota: ${quota.metadata.name}, ${parts}`);
  }
  return { ...quota, status: { ...quota.status, used: writeAmounts(sum) } };
}

/** `cpu=1,memory=2Gi` */
function textOf(amounts: Amounts): string {
  return Object.entries(writeAmounts(amounts))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(',');
}
