import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';

/** One port of a service, as traffic sees it. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly key: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly clusterIp: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  /** `address:port` of each endpoint that takes traffic, sorted. */
  readonly endpoints: readonly Endpoint[];
  /** Where traffic from outside goes: the same endpoints, or only those of this node. */
  readonly externalEndpoints: readonly Endpoint[];
  /** Traffic from outside keeps its source address: only endpoints here serve it. */
  readonly externalLocal: boolean;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

interface Candidate extends Endpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly local: boolean;
}

/** The ports of one service on one node. Headless services, those without an address and IPv6 have none. */
export function servicePorts(
  service: Service,
  slices: Iterable<EndpointSlice>,
  nodeName: string,
): readonly ServicePort[] {
  const { clusterIP = '', type = 'ClusterIP', ports = [] } = service.spec ?? {};
  if (type === 'ExternalName' || clusterIP === '' || clusterIP === 'None' || clusterIP.includes(':')) return [];
  const own = [...slices].filter(({ addressType }) => addressType === 'IPv4');
  return ports.map((port) => {
    const candidates = candidatesFor(own, port.name ?? '', nodeName);
    const internalLocal = service.spec?.internalTrafficPolicy === 'Local';
    const externalLocal = service.spec?.externalTrafficPolicy === 'Local' && type !== 'ClusterIP';
    const endpoints = usable(internalLocal ? candidates.filter(({ local }) => local) : candidates);
    return {
      key: `${service.metadata.namespace}/${service.metadata.name}:${port.name ?? ''}`,
      protocol: (port.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'],
      clusterIp: clusterIP,
      port: port.port,
      nodePort: port.nodePort ?? 0,
      endpoints,
      externalEndpoints: externalLocal ? usable(candidates.filter(({ local }) => local)) : endpoints,
      externalLocal,
    };
  });
}

/** Ready endpoints; when there are none, those that still serve while they end (KEP-1669). */
function usable(candidates: readonly Candidate[]): readonly Endpoint[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter(({ serving, terminating }) => serving && terminating);
  const unique = new Map(chosen.map(({ address, port }) => [`${address}:${port}`, { address, port }]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

function candidatesFor(slices: readonly EndpointSlice[], portName: string, nodeName: string): readonly Candidate[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined) return [];
    return (slice.endpoints ?? []).flatMap(({ addresses, conditions, nodeName: on }) => {
      const [address] = addresses;
      if (address === undefined) return [];
      const ready = conditions?.ready ?? true;
      const serving = conditions?.serving ?? ready;
      return [{ address, port, ready, serving, terminating: conditions?.terminating ?? false, local: on === nodeName }];
    });
  });
}
