import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { parseIpv4 } from '../ipv4.ts';

/** One port of a service, as traffic on one node sees it. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly key: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly clusterIp: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  /** Further addresses that lead here: external ones, and those of load balancers, which traffic need not leave the node to meet. */
  readonly externalIps: readonly string[];
  /** Which of these addresses only some may use, and who. */
  readonly firewall: { readonly addresses: readonly string[]; readonly sources: readonly string[] } | undefined;
  /** How long a client is led to the same endpoint after its last connection, in seconds; 0: not at all. */
  readonly affinitySeconds: number;
  /** Traffic to the cluster address goes to endpoints of this node alone. */
  readonly internalLocal: boolean;
  /** Traffic from outside does, and keeps its source address. */
  readonly externalLocal: boolean;
  /** Where traffic goes that may go anywhere; empty when none may. */
  readonly clusterEndpoints: readonly Endpoint[];
  /** Where traffic goes that must stay on the node; empty when none must. */
  readonly localEndpoints: readonly Endpoint[];
  /** Whether any node has an endpoint: what finds none here is dropped then, and refused otherwise. */
  readonly served: boolean;
  /** `address:port` of all that serve, also for traffic that began under other policies. */
  readonly serving: ReadonlySet<string>;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** May be on this node, and so ask for itself through the service. */
  readonly near: boolean;
}

/** What traffic distribution asks of the node. */
export interface NodePlace {
  readonly nodeName: string;
  /** Of its `topology.kubernetes.io/zone`; empty when it has none. */
  readonly zone: string;
}

interface Candidate extends Endpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly local: boolean;
  readonly forNodes: readonly string[];
  readonly forZones: readonly string[];
}

const defaultAffinitySeconds = 10_800;

/** The ports of one service on one node. Headless services, those without an address and IPv6 have none. */
export function servicePorts(
  service: Service,
  slices: Iterable<EndpointSlice>,
  place: NodePlace,
): readonly ServicePort[] {
  const { spec } = service;
  const { clusterIP = '', ports = [] } = spec ?? {};
  if (spec === undefined || spec.type === 'ExternalName' || parseIpv4(clusterIP) === undefined) return [];
  const own = [...slices].filter(({ addressType }) => addressType === 'IPv4');
  const loadBalancers = loadBalancerAddresses(service);
  const sources = sourceRanges(service);
  const common = {
    clusterIp: clusterIP,
    externalIps: [...new Set([...(spec.externalIPs ?? []), ...loadBalancers])].filter(isIpv4),
    firewall: loadBalancers.length > 0 && sources.length > 0 ? { addresses: loadBalancers, sources } : undefined,
    affinitySeconds: affinitySeconds(spec),
    internalLocal: spec.internalTrafficPolicy === 'Local',
  };
  return ports.map((port) => {
    const key = `${service.metadata.namespace}/${service.metadata.name}:${port.name ?? ''}`;
    const protocol = (port.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'];
    const nodePort = port.nodePort ?? 0;
    const fromOutside = nodePort > 0 || common.externalIps.length > 0;
    const externalLocal = spec.externalTrafficPolicy === 'Local' && fromOutside;
    const candidates = candidatesFor(own, port.name ?? '', protocol, place.nodeName);
    return {
      ...common,
      key,
      protocol,
      port: port.port,
      nodePort,
      externalLocal,
      ...chooseEndpoints(candidates, place, {
        cluster: !common.internalLocal || fromOutside,
        local: common.internalLocal || externalLocal,
      }),
    };
  });
}

/** How many endpoints of the node a load balancer's health check tells of: those that are ready, each address once. */
export function localEndpointCount(slices: Iterable<EndpointSlice>, nodeName: string): number {
  const addresses = new Set<string>();
  for (const { addressType, endpoints } of slices) {
    if (addressType !== 'IPv4') continue;
    for (const {
      addresses: [address],
      conditions,
      nodeName: on,
    } of endpoints ?? [])
      if (address !== undefined && on === nodeName && (conditions?.ready ?? true)) addresses.add(address);
  }
  return addresses.size;
}

function isIpv4(address: string): boolean {
  return parseIpv4(address) !== undefined;
}

/** Addresses of the mode `Proxy` are those of a machine that must be asked itself (KEP-1860). */
function loadBalancerAddresses({ spec, status }: Service): readonly string[] {
  if (spec?.type !== 'LoadBalancer') return [];
  return (status?.loadBalancer?.ingress ?? [])
    .filter(({ ipMode = 'VIP' }) => ipMode === 'VIP')
    .flatMap(({ ip = '' }) => (isIpv4(ip) ? [ip] : []));
}

const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function sourceRanges({ metadata, spec }: Service): readonly string[] {
  const annotated = metadata.annotations?.[sourceRangesAnnotation]?.split(',') ?? [];
  const ranges = spec?.loadBalancerSourceRanges ?? annotated;
  return ranges.map((range) => range.trim()).filter((range) => isIpv4(range.split('/')[0] ?? ''));
}

function affinitySeconds({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): number {
  return sessionAffinity === 'ClientIP'
    ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds)
    : 0;
}

/**
 * Ready endpoints, near ones where hints say so; when there are none, those that still serve while they end (KEP-1669). Traffic that
 * must stay local looks at the node alone and at no hints.
 */
function chooseEndpoints(
  candidates: readonly Candidate[],
  place: NodePlace,
  wanted: { readonly cluster: boolean; readonly local: boolean },
): Pick<ServicePort, 'clusterEndpoints' | 'localEndpoints' | 'served' | 'serving'> {
  const ready = candidates.filter((candidate) => candidate.ready);
  const ending = candidates.filter(({ ready: isReady, serving, terminating }) => !isReady && serving && terminating);
  const local = (group: readonly Candidate[]) => group.filter((candidate) => candidate.local);
  const firstOf = (a: readonly Candidate[], b: readonly Candidate[]) => (a.length > 0 ? a : b);
  return {
    clusterEndpoints: wanted.cluster ? unique(firstOf(nearest(ready, place), ending)) : [],
    localEndpoints: wanted.local ? unique(firstOf(local(ready), local(ending))) : [],
    served: ready.length > 0 || ending.length > 0,
    serving: new Set(candidates.filter(({ serving }) => serving).map(({ address, port }) => `${address}:${port}`)),
  };
}

/** Hints count only when every ready endpoint has them and one is for this node, or else for its zone (KEP-3015, KEP-4444). */
function nearest(ready: readonly Candidate[], { nodeName, zone }: NodePlace): readonly Candidate[] {
  if (ready.every(({ forNodes }) => forNodes.length > 0)) {
    const here = ready.filter(({ forNodes }) => forNodes.includes(nodeName));
    if (here.length > 0) return here;
  }
  if (ready.every(({ forZones }) => forZones.length > 0)) {
    const here = ready.filter(({ forZones }) => forZones.includes(zone));
    if (here.length > 0) return here;
  }
  return ready;
}

function unique(candidates: readonly Candidate[]): readonly Endpoint[] {
  const found = new Map(candidates.map(({ address, port, near }) => [`${address}:${port}`, { address, port, near }]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

function candidatesFor(
  slices: readonly EndpointSlice[],
  portName: string,
  protocol: string,
  nodeName: string,
): readonly Candidate[] {
  return slices.flatMap((slice) => {
    const found = slice.ports?.find(
      (port) => (port.name ?? '') === portName && (port.protocol ?? 'TCP').toLowerCase() === protocol,
    );
    const port = found?.port;
    if (port === undefined) return [];
    return (slice.endpoints ?? []).flatMap(({ addresses: [address], conditions, nodeName: on, hints }) => {
      if (address === undefined || !isIpv4(address)) return [];
      const ready = conditions?.ready ?? true;
      return {
        address,
        port,
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
        local: on === nodeName,
        near: on === undefined || on === nodeName,
        forNodes: (hints?.forNodes ?? []).map(({ name }) => name),
        forZones: (hints?.forZones ?? []).map(({ name }) => name),
      };
    });
  });
}
