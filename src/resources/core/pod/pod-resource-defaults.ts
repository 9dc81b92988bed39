import type { Draft } from '../../../machinery/object.ts';
import { compareQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import type { PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';
import { aggregateResources } from './aggregate-resources.ts';

/** What may be limited for a pod as a whole (KEP-2837). */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** Whether the pod as a whole has requests or limits. */
export function hasPodLevelResources({ resources }: Pick<PodSpec, 'resources'>): boolean {
  return resources !== undefined && (!isEmpty(resources.limits) || !isEmpty(resources.requests));
}

/**
 * Completes the resources of a pod as a whole from those of its containers: requests where any container has one, else from the
 * limits; then limits where every container has one, though no less than is requested.
 */
export function setPodResourceDefaults(spec: Draft<PodSpec>): void {
  const { resources } = spec;
  if (resources === undefined || !hasPodLevelResources(spec)) return;
  for (const [name, amount] of aggregateResources(spec, 'requests')) {
    if (!isPodLevelResource(name)) continue;
    resources.requests ??= {};
    resources.requests[name] ??= formatQuantity(amount);
  }
  for (const name in resources.limits) {
    const limit = resources.limits[name];
    if (limit === undefined || !isPodLevelResource(name)) continue;
    resources.requests ??= {};
    resources.requests[name] ??= limit;
  }
  limitFromContainers(spec, resources);
}

function limitFromContainers(spec: Draft<PodSpec>, resources: Draft<ResourceRequirements>): void {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  for (const [name, amount] of aggregateResources(spec, 'limits')) {
    const everyOne = containers.every((container) => container.resources?.limits?.[name] !== undefined);
    if (!isPodLevelResource(name) || !everyOne) continue;
    const request = resources.requests?.[name];
    const raised = request !== undefined && compareQuantities(parseQuantity(request), amount) > 0;
    resources.limits ??= {};
    resources.limits[name] ??= raised ? request : formatQuantity(amount);
  }
}

function isEmpty(list: ResourceRequirements['limits']): boolean {
  for (const _name in list) return false;
  return true;
}
