import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';
import { equal } from '../../equal.ts';
import type { Container, PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';

type Quantities = ResourceRequirements['requests'];

/** Whether two requirements ask for the same: `0.5` is `500m`. */
export function sameResources(one: ResourceRequirements | undefined, other: ResourceRequirements | undefined): boolean {
  return (
    sameQuantities(one?.requests, other?.requests) &&
    sameQuantities(one?.limits, other?.limits) &&
    equal(one?.claims, other?.claims)
  );
}

/** Whether two specs say the same, however their containers' amounts are written. */
export function sameSpec(one: PodSpec | undefined, other: PodSpec | undefined): boolean {
  if (equal(one, other)) return true;
  return one !== undefined && other !== undefined && equal(writtenAs(one, other), other);
}

function writtenAs(spec: PodSpec, other: PodSpec): PodSpec {
  const each = (containers: readonly Container[], others: readonly Container[]) =>
    containers.map((container, index) => {
      const { resources } = others[index] ?? {};
      const same = resources !== undefined && sameResources(container.resources, resources);
      return same ? { ...container, resources } : container;
    });
  return {
    ...spec,
    containers: each(spec.containers, other.containers),
    ...(spec.initContainers !== undefined && {
      initContainers: each(spec.initContainers, other.initContainers ?? []),
    }),
  };
}

function sameQuantities(one: Quantities = {}, other: Quantities = {}): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => {
      const [a, b] = [one[name], other[name]];
      if (a === undefined || b === undefined) return false;
      return a === b || compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
    })
  );
}
