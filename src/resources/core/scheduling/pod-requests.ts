import { milliValueOf, wholeValueOf } from '../../../machinery/quantity.ts';
import type { Container, Pod, PodSpec } from '../../schema/core-v1.generated.ts';

/** Amounts by resource name: `cpu` in thousandths of a core, everything else in its own unit (bytes, pieces). */
export type ResourceAmounts = Readonly<Record<string, number>>;

/** What a pod asks of its node (KEP-753): the greater of what runs at once and what each init container needs, and the overhead. */
export function podRequests(pod: Pod): ResourceAmounts {
  return podAmounts(pod.spec, 'requests');
}

/**
 * What a pod takes up on its node (KEP-1287): until a resize is done the greater of what is asked for, what it was given, and what it
 * has; what its node will never give does not count. `unstated`: what a container counts as that asks for none of a resource.
 */
export function occupiedRequests(pod: Pod, unstated: ResourceAmounts = {}): ResourceAmounts {
  const { allocatedResources, resources, conditions } = pod.status ?? {};
  const asked = podAmounts(pod.spec, 'requests', unstated);
  if (allocatedResources === undefined && resources?.requests === undefined) return asked;
  const given = { ...resourceAmounts(allocatedResources) };
  raise(given, resourceAmounts(resources?.requests));
  const refused = conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible');
  if (refused !== true) raise(given, asked);
  return { ...asked, ...given };
}

/** The same for limits; a resource that one container does not limit counts only where others do. */
export function podLimits(pod: Pod): ResourceAmounts {
  return podAmounts(pod.spec, 'limits');
}

type Quantities = { readonly [name: string]: string | number } | undefined;

function podAmounts(
  spec: PodSpec | undefined,
  part: 'requests' | 'limits',
  unstated: ResourceAmounts = {},
): ResourceAmounts {
  const total: Record<string, number> = {};
  if (spec === undefined) return total;
  const amountsOf = ({ resources }: Container) => ({ ...unstated, ...resourceAmounts(resources?.[part]) });
  for (const container of spec.containers) add(total, amountsOf(container));
  const sidecars: Record<string, number> = {};
  const peak: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container);
    if (container.restartPolicy === 'Always') {
      // A sidecar goes on running beside the init containers after it and beside the main ones.
      add(sidecars, own);
      raise(peak, sidecars);
    } else raise(peak, sum(own, sidecars));
  }
  add(total, sidecars);
  raise(total, peak);
  const whole = resourceAmounts(spec.resources?.[part]);
  for (const name in whole) total[name] = whole[name] ?? 0;
  add(total, resourceAmounts(spec.overhead));
  return total;
}

/** Parses quantities; the API has validated them. */
export function resourceAmounts(quantities: Quantities): ResourceAmounts {
  const amounts: Record<string, number> = {};
  for (const name in quantities) {
    const quantity = quantities[name] ?? 0;
    amounts[name] = name === 'cpu' ? milliValueOf(quantity) : wholeValueOf(quantity);
  }
  return amounts;
}

function add(total: Record<string, number>, more: ResourceAmounts): void {
  for (const name in more) total[name] = (total[name] ?? 0) + (more[name] ?? 0);
}

function raise(total: Record<string, number>, least: ResourceAmounts): void {
  for (const name in least) total[name] = Math.max(total[name] ?? 0, least[name] ?? 0);
}

function sum(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  const total = { ...a };
  add(total, b);
  return total;
}
