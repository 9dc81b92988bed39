import type { Draft } from '../../../machinery/object.ts';
import type { Container, LimitRangeItem, Pod } from '../../../resources/schema/core-v1.generated.ts';

const annotation = 'kubernetes.io/limit-ranger';

type Amounts = Record<string, string | number>;

/** Sets what containers leave open, and notes on the pod what was set. */
export function setContainerDefaults({ metadata, spec }: Draft<Pod>, items: readonly LimitRangeItem[]): void {
  const limits: Amounts = {};
  const requests: Amounts = {};
  for (const item of items) {
    if (item.type !== 'Container') continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const notes: string[] = [];
  const set = (container: Draft<Container>, what: string): void => {
    const resources = container.resources ?? {};
    const [newRequests, newLimits] = [missing(resources.requests, requests), missing(resources.limits, limits)];
    if (newRequests.length > 0) notes.push(`${newRequests.join(', ')} request for ${what} ${container.name}`);
    if (newLimits.length > 0) notes.push(`${newLimits.join(', ')} limit for ${what} ${container.name}`);
    if (newRequests.length > 0) resources.requests = { ...requests, ...resources.requests };
    if (newLimits.length > 0) resources.limits = { ...limits, ...resources.limits };
    container.resources = resources;
  };
  for (const container of spec?.containers ?? []) set(container, 'container');
  for (const container of spec?.initContainers ?? []) set(container, 'init container');
  if (notes.length > 0)
    metadata.annotations = { ...metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

function missing(given: Readonly<Amounts> | undefined, defaults: Amounts): readonly string[] {
  return Object.keys(defaults)
    .filter((name) => given?.[name] === undefined)
    .sort();
}
