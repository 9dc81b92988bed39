import { sameResources } from '../../resources/core/pod/same-resources.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';

/** What may be resized of a pod (KEP-1287): resources of each init and main container by its name, and of the pod as a whole. */
export interface Allocation {
  readonly whole: ResourceRequirements | undefined;
  readonly containers: ReadonlyMap<string, ResourceRequirements>;
}

const none: ResourceRequirements = {};

/** What the spec of a pod asks for. */
export function allocationOf({ spec }: Pod): Allocation {
  return {
    whole: spec?.resources,
    containers: new Map(containersOf(spec).map(({ name, resources }) => [name, resources ?? none])),
  };
}

/** What an earlier agent has given to the pod, as its status tells; what it does not tell was given as it is asked for. */
export function givenAllocation(pod: Pod): Allocation {
  return fromStatus(pod, ({ allocatedResources, resources }) => ({
    ...resources,
    ...(allocatedResources !== undefined && { requests: allocatedResources }),
  }));
}

/** What its containers had when the status was written. */
export function actualAllocation(pod: Pod): Allocation {
  return fromStatus(pod, ({ resources }) => resources ?? none);
}

type Status = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function fromStatus(pod: Pod, read: (status: Status) => ResourceRequirements): Allocation {
  const { whole, containers } = allocationOf(pod);
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const told = new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]));
  const merged = [...containers].map(([name, resources]): [string, ResourceRequirements] => {
    const status = told.get(name);
    return [name, status?.resources === undefined ? resources : read(status)];
  });
  return { whole, containers: new Map(merged) };
}

/** The pod as if it asked for the allocation; the very same pod when it does. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  if (pod.spec === undefined || sameAllocation(allocationOf(pod), allocation)) return pod;
  const { whole, containers } = allocation;
  const each = (container: Container): Container => {
    const resources = containers.get(container.name);
    return resources === undefined ? container : { ...container, resources };
  };
  const { resources: _asked, ...spec } = pod.spec;
  return {
    ...pod,
    spec: {
      ...spec,
      containers: spec.containers.map(each),
      ...(spec.initContainers !== undefined && { initContainers: spec.initContainers.map(each) }),
      ...(whole !== undefined && { resources: whole }),
    },
  };
}

export function sameAllocation(one: Allocation, other: Allocation): boolean {
  return (
    sameResources(one.whole, other.whole) &&
    [...one.containers].every(([name, resources]) => sameResources(resources, other.containers.get(name)))
  );
}

function containersOf(spec: PodSpec | undefined): readonly Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}
