import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import { aggregateResources } from '../../../resources/core/pod/aggregate-resources.ts';
import type { LimitRangeItem, PersistentVolumeClaim, Pod } from '../../../resources/schema/core-v1.generated.ts';

type List = LimitRangeItem['max'];

/** Amounts by resource. */
type Amounts = ReadonlyMap<string, Quantity>;

interface Usage {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** What of a pod is beyond the bounds, in the words of Kubernetes. */
export function podProblems({ spec }: Pod, items: readonly LimitRangeItem[]): readonly string[] {
  if (spec === undefined) return [];
  return items.flatMap((item) => {
    if (item.type === 'Container') {
      return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        boundProblems(item, { requests: amounts(resources?.requests), limits: amounts(resources?.limits) }),
      );
    }
    if (item.type !== 'Pod') return [];
    return boundProblems(item, { requests: ofPod(spec, 'requests'), limits: ofPod(spec, 'limits') });
  });
}

/** The same for a claim, of which only the request counts. */
export function claimProblems({ spec }: PersistentVolumeClaim, items: readonly LimitRangeItem[]): readonly string[] {
  const requests = amounts(spec?.resources?.requests);
  return items.flatMap((item) => {
    if (item.type !== 'PersistentVolumeClaim') return [];
    return [
      ...each(item.min, (name, bound) => minimum(item.type, name, bound, { requests, limits: new Map() })),
      ...each(item.max, (name, bound) => maximumRequest(item.type, name, bound, requests)),
    ];
  });
}

function boundProblems({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, usage: Usage): readonly string[] {
  return [
    ...each(min, (name, bound) => minimum(type, name, bound, usage)),
    ...each(max, (name, bound) => maximum(type, name, bound, usage)),
    ...each(maxLimitRequestRatio, (name, bound) => ratio(type, name, bound, usage)),
  ];
}

function minimum(type: string, name: string, bound: Quantity, { requests, limits }: Usage): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const head = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (compareQuantities(request, bound) < 0) return `${head}, but request is ${formatQuantity(request)}`;
  if (limit !== undefined && compareQuantities(limit, bound) < 0)
    return `${head}, but limit is ${formatQuantity(limit)}`;
  return undefined;
}

function maximum(type: string, name: string, bound: Quantity, { requests, limits }: Usage): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const head = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (compareQuantities(limit, bound) > 0) return `${head}, but limit is ${formatQuantity(limit)}`;
  if (request !== undefined && compareQuantities(request, bound) > 0)
    return `${head}, but request is ${formatQuantity(request)}`;
  return undefined;
}

function maximumRequest(type: string, name: string, bound: Quantity, requests: Amounts): string | undefined {
  const request = requests.get(name);
  const head = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined) return `${head}.  No request is specified`;
  return compareQuantities(request, bound) > 0 ? `${head}, but request is ${formatQuantity(request)}` : undefined;
}

function ratio(type: string, name: string, bound: Quantity, { requests, limits }: Usage): string | undefined {
  const [request, limit] = [numberOf(requests.get(name)), numberOf(limits.get(name))];
  const head = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  if (request === 0) return `${head}, but no request is specified or request is 0`;
  if (limit === 0) return `${head}, but no limit is specified or limit is 0`;
  const provided = limit / request;
  return provided > numberOf(bound) ? `${head}, but provided ratio is ${provided.toFixed(6)}` : undefined;
}

function each(list: List, problem: (name: string, bound: Quantity) => string | undefined): readonly string[] {
  const problems = [...amounts(list)].map(([name, bound]) => problem(name, bound));
  return problems.filter((text) => text !== undefined);
}

/** Amounts that a pod states as a whole go before those of its containers. */
function ofPod(spec: NonNullable<Pod['spec']>, which: 'limits' | 'requests'): Amounts {
  return new Map([...aggregateResources(spec, which), ...amounts(spec.resources?.[which])]);
}

function amounts(list: List): Amounts {
  const names = Object.keys(list ?? {}).sort();
  return new Map(names.map((name) => [name, parseQuantity(list?.[name] ?? 0)]));
}

function numberOf(quantity: Quantity | undefined): number {
  return quantity === undefined ? 0 : Number(quantity.unscaled) * 10 ** quantity.scale;
}
