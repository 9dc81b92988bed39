import { equal } from '../../resources/equal.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import { headlessLabel, isHeadless, triggerTimeAnnotation } from '../endpoints/service-endpoints.ts';
import { controllerReference } from '../runtime/owner-references.ts';
import { type EndpointGroup, portsKey } from './desired-endpoints.ts';
import { managedByLabel, type SliceChanges, serviceNameLabel } from './managed-slices.ts';

export const managedByController = 'endpointslice-controller.k8s.io';
/** A change of one endpoint is sent to every node: slices are kept small (KEP-752). */
const mostEndpoints = 100;

export interface SliceRequest {
  readonly service: Service;
  readonly addressType: string;
  /** The slices of this address type that the controller made for the service. */
  readonly existing: readonly EndpointSlice[];
  readonly groups: ReadonlyMap<string, EndpointGroup>;
  readonly triggerTime: string | undefined;
}

/**
 * What to do so that the slices show the groups, with as few writes as can be: endpoints stay in the slice that they are in,
 * new ones go where something changes anyway, then into the fullest that can take all the rest, then into new slices. A service
 * without any endpoint keeps one empty slice, which says that it has none.
 */
export function decideSlices(request: SliceRequest): SliceChanges {
  const { service, addressType, existing, groups } = request;
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const empty: EndpointSlice[] = [];
  const byPorts = Map.groupBy(existing, (slice) => portsKey(slice.ports ?? []));
  for (const [key, group] of groups) {
    const decided = decideGroup(request, group, byPorts.get(key) ?? []);
    create.push(...decided.create);
    update.push(...decided.update);
    empty.push(...decided.empty);
  }
  for (const [key, slices] of byPorts) if (!groups.has(key)) empty.push(...slices);
  if (groups.size > 0) return recycle(request, create, update, empty);
  const [placeholder, ...surplus] = empty;
  const wanted = makeSlice(request, addressType, [], []);
  if (placeholder === undefined) return { create: [wanted], update, delete: [] };
  const kept = { ...wanted, metadata: sliceMetadata(service, placeholder, request.triggerTime) };
  return { create: [], update: isSame(placeholder, kept) ? [] : [kept], delete: surplus };
}

/** A slice that is to go takes the contents of one that is to come: one write instead of two. */
function recycle(
  request: SliceRequest,
  create: readonly EndpointSlice[],
  update: readonly EndpointSlice[],
  empty: readonly EndpointSlice[],
): SliceChanges {
  const recycled = create.slice(0, empty.length).map((wanted, index) => {
    const old = empty[index];
    return old === undefined
      ? wanted
      : { ...wanted, metadata: sliceMetadata(request.service, old, request.triggerTime) };
  });
  return {
    create: create.slice(recycled.length),
    update: [...update, ...recycled],
    delete: empty.slice(recycled.length),
  };
}

interface GroupDecision {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  /** Slices that nothing is left in. */
  readonly empty: readonly EndpointSlice[];
}

interface OpenSlice {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  changed: boolean;
}

function decideGroup(request: SliceRequest, group: EndpointGroup, existing: readonly EndpointSlice[]): GroupDecision {
  const { service, addressType, triggerTime } = request;
  const missing = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const open = existing.map((slice) => keepWanted(slice, missing));
  const left = [...missing.values()];
  const fill = (into: OpenSlice) => {
    const room = mostEndpoints - into.endpoints.length;
    if (room <= 0 || left.length === 0) return;
    into.endpoints.push(...left.splice(0, room));
    into.changed = true;
  };
  for (const each of open.filter(({ changed }) => changed).sort(fullestFirst)) fill(each);
  const partly = left.length % mostEndpoints;
  if (partly > 0) {
    const roomy = open.filter(({ endpoints }) => mostEndpoints - endpoints.length >= partly).sort(fullestFirst);
    const [best] = roomy;
    if (best !== undefined) {
      best.endpoints.push(...left.splice(0, partly));
      best.changed = true;
    }
  }
  const create: EndpointSlice[] = [];
  while (left.length > 0) create.push(makeSlice(request, addressType, left.splice(0, mostEndpoints), group.ports));
  const update: EndpointSlice[] = [];
  const empty: EndpointSlice[] = [];
  for (const { slice, endpoints, changed } of open) {
    if (endpoints.length === 0) empty.push(slice);
    else {
      const metadata = sliceMetadata(service, slice, triggerTime);
      const wanted = { ...slice, metadata, endpoints: orNull(endpoints), ports: orNull(group.ports) };
      if (changed || !isSame(slice, wanted)) update.push(wanted);
    }
  }
  return { create, update, empty };
}

/** Takes what stays in the slice out of `missing`. */
function keepWanted(slice: EndpointSlice, missing: Map<string, Endpoint>): OpenSlice {
  const endpoints: Endpoint[] = [];
  let changed = false;
  for (const endpoint of slice.endpoints ?? []) {
    const identity = identityOf(endpoint);
    const wanted = missing.get(identity);
    if (wanted === undefined) {
      changed = true;
      continue;
    }
    missing.delete(identity);
    endpoints.push(wanted);
    if (!equal(wanted, endpoint)) changed = true;
  }
  return { slice, endpoints, changed };
}

function fullestFirst(a: OpenSlice, b: OpenSlice): number {
  return b.endpoints.length - a.endpoints.length;
}

function identityOf(endpoint: Endpoint): string {
  return `${endpoint.targetRef?.uid ?? ''} ${endpoint.addresses[0] ?? ''}`;
}

function makeSlice(
  { service, triggerTime }: SliceRequest,
  addressType: string,
  endpoints: readonly Endpoint[],
  ports: readonly EndpointPort[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: sliceMetadata(service, undefined, triggerTime),
    addressType,
    endpoints: orNull(endpoints),
    ports: orNull(ports),
  };
}

/** An empty list is none at all, as in the messages of Kubernetes' own controller; else the server takes it for said. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function sliceMetadata(
  service: Service,
  existing: EndpointSlice | undefined,
  triggerTime: string | undefined,
): EndpointSlice['metadata'] {
  const { namespace, name = '', labels = {} } = service.metadata;
  const { [headlessLabel]: _, [serviceNameLabel]: __, [managedByLabel]: ___, ...own } = labels;
  // A write that no change of a pod has triggered has no time.
  const { [triggerTimeAnnotation]: _old, ...annotations } = existing?.metadata.annotations ?? {};
  return {
    ...(existing?.metadata ?? { namespace, generateName: `${name}-` }),
    labels: {
      ...own,
      [serviceNameLabel]: name,
      [managedByLabel]: managedByController,
      ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    },
    annotations: { ...annotations, ...(triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime }) },
    ownerReferences: [controllerReference(services, service)],
  };
}

/** The time of the trigger alone is no reason to write. */
function isSame(existing: EndpointSlice, wanted: EndpointSlice): boolean {
  return (
    equal(existing.endpoints, wanted.endpoints) &&
    equal(existing.ports, wanted.ports) &&
    equal(existing.metadata.labels, wanted.metadata.labels) &&
    equal(existing.metadata.ownerReferences, wanted.metadata.ownerReferences)
  );
}
