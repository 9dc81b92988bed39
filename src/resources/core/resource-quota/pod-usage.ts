import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import { parseTime } from '../../../machinery/time.ts';
import type { Container, ContainerStatus, Pod, PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';
import { isExtendedResource, isHugePages } from '../../validation/resource-names.ts';
import { aggregateResources } from '../pod/aggregate-resources.ts';
import { isPodLevelResource } from '../pod/pod-resource-defaults.ts';
import { type AmountList, type Amounts, one } from './amounts.ts';

const limited = ['cpu', 'memory', 'ephemeral-storage'];

/** The object itself always counts; what it asks for does while it has not ended. */
export function podUsage(pod: Pod, now: number): Amounts {
  const usage = new Map<string, Quantity>([['count/pods', one]]);
  if (hasEnded(pod) || isOverdue(pod, now)) return usage;
  for (const [name, amount] of requestUsage(wholeOf(pod, 'requests'))) usage.set(name, amount);
  for (const [name, amount] of limitUsage(wholeOf(pod, 'limits'))) usage.set(name, amount);
  return usage.set('pods', one);
}

/** What one container says, by the names that quotas have for it. */
export function namesOfContainer({ resources }: Pick<Container, 'resources'>): ReadonlySet<string> {
  const requests = new Map(Object.keys(resources?.requests ?? {}).map((name) => [name, one]));
  const limits = new Map(Object.keys(resources?.limits ?? {}).map((name) => [name, one]));
  return new Set([...requestUsage(requests).keys(), ...limitUsage(limits).keys()]);
}

function requestUsage(requests: Amounts): Map<string, Quantity> {
  const usage = new Map<string, Quantity>();
  for (const [name, amount] of requests) {
    if (limited.includes(name) || isHugePages(name)) usage.set(name, amount);
    if (limited.includes(name) || isHugePages(name) || isExtendedResource(name)) usage.set(`requests.${name}`, amount);
  }
  return usage;
}

function limitUsage(limits: Amounts): Map<string, Quantity> {
  return new Map(
    limited.flatMap((name) => {
      const amount = limits.get(name);
      return amount === undefined ? [] : [[`limits.${name}`, amount] as const];
    }),
  );
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Marked for deletion, and the time it was given is over. */
function isOverdue({ metadata }: Pod, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const deletedMs = parseTime(deletionTimestamp);
  if (deletedMs === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > deletedMs + deletionGracePeriodSeconds * 1000;
}

type Which = 'requests' | 'limits';

/** What the pod as a whole asks for; while it is resized (KEP-1287) that is the most of what is wanted, given and there. */
function wholeOf(pod: Pod, which: Which): Amounts {
  const spec = pod.spec ?? { containers: [] };
  const actual = (containers: readonly Container[], statuses: readonly ContainerStatus[] = []) =>
    containers.map((container) => withActual(pod, container, statuses, which));
  const containers = actual(spec.containers, pod.status?.containerStatuses);
  const initContainers = actual(spec.initContainers ?? [], pod.status?.initContainerStatuses);
  const whole = new Map(aggregateResources({ containers, initContainers }, which));
  for (const [name, text] of Object.entries(spec.resources?.[which] ?? {}))
    if (isPodLevelResource(name)) whole.set(name, parseQuantity(text));
  addOverhead(whole, spec, which);
  return whole;
}

function addOverhead(whole: Map<string, Quantity>, { overhead }: PodSpec, which: Which): void {
  for (const [name, text] of Object.entries(overhead ?? {})) {
    const before = whole.get(name);
    if (before !== undefined) whole.set(name, addQuantities(before, parseQuantity(text)));
    else if (which === 'requests') whole.set(name, parseQuantity(text));
  }
}

function withActual(pod: Pod, container: Container, statuses: readonly ContainerStatus[], which: Which): Container {
  const status = statuses.find(({ name }) => name === container.name);
  if (status?.resources === undefined) return container;
  const isInfeasible = pod.status?.conditions?.some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  );
  const wanted = isInfeasible === true ? undefined : container.resources?.[which];
  const given = which === 'requests' ? status.allocatedResources : undefined;
  const resources: ResourceRequirements = { [which]: largest(wanted, status.resources[which], given) };
  return { ...container, resources };
}

function largest(...lists: readonly AmountList[]): Record<string, string | number> {
  const result: Record<string, string | number> = {};
  for (const list of lists)
    for (const [name, amount] of Object.entries(list ?? {})) {
      const before = result[name];
      if (before === undefined || compareQuantities(parseQuantity(before), parseQuantity(amount)) < 0)
        result[name] = amount;
    }
  return result;
}
