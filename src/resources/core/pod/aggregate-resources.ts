import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { Container, PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';

type ResourceList = NonNullable<ResourceRequirements['limits']>;
type Totals = Map<string, Quantity>;

/**
 * What the containers of a pod ask for together, by resource: the sum of its containers and sidecars, or what one init
 * container needs beside the sidecars started before it, where that is more (KEP-753). Overhead is not in it.
 */
export function aggregateResources(
  spec: Pick<PodSpec, 'containers' | 'initContainers'>,
  which: 'limits' | 'requests',
): ReadonlyMap<string, Quantity> {
  const running: Totals = new Map();
  for (const { resources } of spec.containers) add(running, resources?.[which]);
  const sidecars: Totals = new Map();
  const starting: Totals = new Map();
  for (const container of spec.initContainers ?? []) {
    const list = container.resources?.[which];
    if (isSidecar(container)) {
      add(running, list);
      add(sidecars, list);
      raise(starting, sidecars);
    } else {
      const needed = new Map(sidecars);
      add(needed, list);
      raise(starting, needed);
    }
  }
  raise(running, starting);
  return running;
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Pick<Container, 'restartPolicy'>): boolean {
  return container.restartPolicy === 'Always';
}

function add(totals: Totals, list: ResourceList | undefined): void {
  for (const name in list) {
    const amount = parseQuantity(list[name] ?? 0);
    const total = totals.get(name);
    totals.set(name, total === undefined ? amount : addQuantities(total, amount));
  }
}

function raise(totals: Totals, other: Totals): void {
  for (const [name, amount] of other) {
    const total = totals.get(name);
    if (total === undefined || compareQuantities(total, amount) < 0) totals.set(name, amount);
  }
}
