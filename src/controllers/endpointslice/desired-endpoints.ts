import type { Node, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointPort } from '../../resources/schema/discovery-v1.generated.ts';
import { type AddressType, addressOf, hostnameOf, isEndpoint, portsOf } from '../endpoints/service-endpoints.ts';
import { isPodReady } from '../runtime/pods.ts';

const zoneLabel = 'topology.kubernetes.io/zone';

/** Endpoints that have the same ports, and so may be in one slice. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface DesiredEndpoints {
  /** By their ports, in a form that can be compared. */
  readonly groups: ReadonlyMap<string, EndpointGroup>;
  /** Nodes that pods are bound to and that nobody knows: their pods are left out for now. */
  readonly unknownNodes: ReadonlySet<string>;
}

/** The endpoints of one address family that a service should have. */
export function desiredEndpoints(
  service: Service,
  pods: Iterable<Pod>,
  family: AddressType,
  nodeOf: (name: string) => Node | undefined,
): DesiredEndpoints {
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>();
  const unknownNodes = new Set<string>();
  for (const pod of pods) {
    const address = isEndpoint(pod, true) ? addressOf(pod, family) : undefined;
    if (address === undefined) continue;
    const nodeName = pod.spec?.nodeName ?? '';
    const node = nodeName === '' ? undefined : nodeOf(nodeName);
    if (nodeName !== '' && node === undefined) {
      unknownNodes.add(nodeName);
      if (service.spec?.publishNotReadyAddresses !== true) continue;
    }
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const endpoint = endpointOf(service, pod, address, node);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ports, endpoints: [endpoint] });
    else group.endpoints.push(endpoint);
  }
  return { groups: withHints(service, groups), unknownNodes };
}

export function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map(({ name = '', port, protocol = 'TCP', appProtocol = '' }) => [name, protocol, port, appProtocol].join('/'))
    .sort()
    .join(' ');
}

function endpointOf(service: Service, pod: Pod, address: string, node: Node | undefined): Endpoint {
  const { namespace, name, uid } = pod.metadata;
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameOf(pod, service);
  const zone = node?.metadata.labels?.[zoneLabel];
  const nodeName = pod.spec?.nodeName ?? '';
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** Where the service asks for traffic to stay near, each ready endpoint says which zones and nodes it is near to (KEP-4444, KEP-3015). */
function withHints(service: Service, groups: ReadonlyMap<string, EndpointGroup>): ReadonlyMap<string, EndpointGroup> {
  const { trafficDistribution = '' } = service.spec ?? {};
  if (!['PreferClose', 'PreferSameZone', 'PreferSameNode'].includes(trafficDistribution)) return groups;
  const hinted = (endpoint: Endpoint): Endpoint => {
    const { zone, nodeName } = endpoint;
    if (endpoint.conditions?.ready !== true) return endpoint;
    const hints = {
      ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
      ...(trafficDistribution === 'PreferSameNode' && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : {}),
    };
    return Object.keys(hints).length === 0 ? endpoint : { ...endpoint, hints };
  };
  return new Map([...groups].map(([key, { ports, endpoints }]) => [key, { ports, endpoints: endpoints.map(hinted) }]));
}
