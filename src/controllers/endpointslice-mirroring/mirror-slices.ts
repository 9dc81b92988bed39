import { equal } from '../../resources/equal.ts';
import type {
  EndpointAddress,
  Endpoints,
  EndpointPort as SubsetPort,
} from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpoints as endpointsType } from '../../resources/schema/resource-types.generated.ts';
import { formatIpAddress, parseIpAddress } from '../../resources/validation/ip-address.ts';
import { type AddressType, triggerTimeAnnotation } from '../endpoints/service-endpoints.ts';
import { repackSubsets } from '../endpoints/subsets.ts';
import { portsKey } from '../endpointslice/desired-endpoints.ts';
import { managedByLabel, type SliceChanges, serviceNameLabel } from '../endpointslice/managed-slices.ts';
import { controllerReference } from '../runtime/owner-references.ts';

export const mirroringManager = 'endpointslicemirroring-controller.k8s.io';
/** Each subset becomes one slice of a family, which bounds it. */
export const mostMirrored = 1000;

const families: readonly AddressType[] = ['IPv4', 'IPv6'];
/** Annotations that say something of the Endpoints object itself. */
const ownAnnotations: readonly string[] = [triggerTimeAnnotation, 'kubectl.kubernetes.io/last-applied-configuration'];

export interface Mirroring {
  readonly changes: SliceChanges;
  /** How many addresses there are, each with its ports. */
  readonly addresses: number;
  /** Addresses that are none. */
  readonly invalid: number;
  /** Addresses that no slice has: the invalid ones, and those beyond the bound. */
  readonly skipped: number;
}

interface MirroredGroup {
  readonly family: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What to do so that the slices show what an Endpoints object says: one slice for each subset and family. */
export function mirrorSlices(source: Endpoints, existing: readonly EndpointSlice[]): Mirroring {
  const { groups, ...counts } = groupsOf(source);
  const byKey = Map.groupBy(existing, ({ addressType, ports }) => groupKey(addressType, ports ?? []));
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const surplus: EndpointSlice[] = [];
  for (const group of groups) {
    const key = groupKey(group.family, group.ports);
    const [slice, ...others] = byKey.get(key) ?? [];
    byKey.delete(key);
    surplus.push(...others);
    const wanted = sliceOf(source, group, slice);
    if (slice === undefined) create.push(wanted);
    else if (!isSame(slice, wanted)) update.push(wanted);
  }
  surplus.push(...[...byKey.values()].flat());
  return { changes: recycle(source, { create, update, delete: surplus }), ...counts };
}

/** A slice that is to go takes the contents of one of its family that is to come: one write instead of two. */
function recycle(source: Endpoints, changes: SliceChanges): SliceChanges {
  const left = new Set(changes.delete);
  const create: EndpointSlice[] = [];
  const recycled: EndpointSlice[] = [];
  for (const slice of changes.create) {
    const old = [...left].find(({ addressType }) => addressType === slice.addressType);
    if (old === undefined) create.push(slice);
    else {
      left.delete(old);
      recycled.push({ ...slice, metadata: metadataOf(source, old) });
    }
  }
  return { create, update: [...changes.update, ...recycled], delete: [...left] };
}

function groupsOf(source: Endpoints): Omit<Mirroring, 'changes'> & { readonly groups: readonly MirroredGroup[] } {
  let total = 0;
  let invalid = 0;
  let skipped = 0;
  const groups: MirroredGroup[] = [];
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of repackSubsets(source.subsets ?? [])) {
    // By what tells endpoints of a slice apart: an address may be named for two uids.
    const found = { IPv4: new Map<string, Endpoint>(), IPv6: new Map<string, Endpoint>() };
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    let added = 0;
    for (const { address, ready } of all) {
      if (added === mostMirrored) break;
      const ip = parseIpAddress(address.ip);
      if (ip === undefined) {
        invalid++;
        continue;
      }
      added++;
      const endpoint = endpointOf(address, formatIpAddress(ip), ready);
      const { hostname = '', targetRef } = endpoint;
      const identity = [endpoint.addresses[0], hostname, targetRef?.namespace, targetRef?.name].join(' ');
      found[ip.family === 4 ? 'IPv4' : 'IPv6'].set(identity, endpoint);
    }
    total += all.length;
    skipped += all.length - added;
    for (const family of families) {
      const endpoints = [...found[family].values()];
      if (endpoints.length > 0) groups.push({ family, ports: ports.map(namedPort), endpoints });
    }
  }
  return { groups, addresses: total, invalid, skipped };
}

function endpointOf({ targetRef, nodeName, hostname }: EndpointAddress, address: string, ready: boolean): Endpoint {
  return {
    addresses: [address],
    conditions: { ready },
    ...(targetRef !== undefined && { targetRef }),
    ...(nodeName !== undefined && { nodeName }),
    ...(hostname !== undefined && hostname !== '' && { hostname }),
  };
}

/** Ports of slices have a name, be it empty. */
function namedPort({ name = '', port, protocol, appProtocol }: SubsetPort): EndpointPort {
  return { name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) };
}

function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  return `${addressType} ${portsKey(ports)}`;
}

function sliceOf(source: Endpoints, group: MirroredGroup, existing: EndpointSlice | undefined): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadataOf(source, existing),
    addressType: group.family,
    endpoints: group.endpoints,
    ports: group.ports,
  };
}

function metadataOf(source: Endpoints, existing: EndpointSlice | undefined): EndpointSlice['metadata'] {
  const { namespace, name = '', labels, annotations = {} } = source.metadata;
  const mirrored = Object.entries(annotations).filter(([key]) => !ownAnnotations.includes(key));
  return {
    ...(existing?.metadata ?? { namespace, generateName: `${name}-` }),
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroringManager },
    annotations: Object.fromEntries(mirrored),
    ownerReferences: [controllerReference(endpointsType, source)],
  };
}

function isSame(existing: EndpointSlice, wanted: EndpointSlice): boolean {
  return (
    equal(existing.endpoints?.map(withoutTargetVersion), wanted.endpoints?.map(withoutTargetVersion)) &&
    equal(existing.metadata.labels, wanted.metadata.labels) &&
    equal(existing.metadata.annotations ?? {}, wanted.metadata.annotations) &&
    equal(existing.metadata.ownerReferences, wanted.metadata.ownerReferences)
  );
}

/** Who writes Endpoints may note which version of a pod it saw; that alone is no change. */
function withoutTargetVersion({ targetRef, ...endpoint }: Endpoint): Endpoint {
  if (targetRef === undefined) return endpoint;
  const { resourceVersion: _, ...target } = targetRef;
  return { ...endpoint, targetRef: target };
}
