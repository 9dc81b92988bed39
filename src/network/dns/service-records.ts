import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import type { DnsRecord } from './message.ts';

/** How long clients may keep an answer, in seconds: short, for addresses change. */
export const ttl = 5;

export type AddressRecord = Extract<DnsRecord, { type: 'A' }>;

/** An address with the name it has in the cluster and the ports that are reached there. */
export interface Target {
  readonly hostname: string;
  readonly record: AddressRecord;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** The address of a service itself; none when it is IPv6. */
export function clusterTarget(service: Service, base: string): readonly Target[] {
  const { clusterIP = '', ports = [] } = service.spec ?? {};
  if (clusterIP.includes(':')) return [];
  return [
    {
      hostname: '',
      record: { type: 'A', name: base, ttl, address: clusterIP },
      ports: ports.map(({ name = '', protocol = 'TCP', port }) => ({ name, protocol: protocol.toLowerCase(), port })),
    },
  ];
}

/** The ready endpoints of one service, whose name is `base`, each with the ports of all slices that it is in. */
export function endpointTargets(slices: Iterable<EndpointSlice>, base: string): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const ports = (slice.ports ?? []).map(({ name = '', protocol = 'TCP', port = 0 }) => ({
      name,
      protocol: protocol.toLowerCase(),
      port,
    }));
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      for (const address of endpoint.addresses) {
        const hostname = hostnameOf(endpoint, address);
        const record = { type: 'A', name: `${hostname}.${base}`, ttl, address } as const;
        const known = targets.get(`${hostname}/${address}`);
        targets.set(`${hostname}/${address}`, { hostname, record, ports: [...(known?.ports ?? []), ...ports] });
      }
    }
  }
  return [...targets.values()];
}

/** One record for each port of each target, all with the same chance. */
export function srvRecords(targets: readonly Target[], name: string): readonly DnsRecord[] {
  const found = targets.flatMap(({ record, ports }) => ports.map(({ port }) => ({ port, target: record.name })));
  const weight = Math.max(1, Math.floor(100 / found.length));
  return found.map(({ port, target }): DnsRecord => ({ type: 'SRV', name, ttl, priority: 0, weight, port, target }));
}

/** Pods without a hostname of their own are named after their address. */
function hostnameOf(endpoint: Endpoint, address: string): string {
  return endpoint.hostname ?? address.replaceAll('.', '-');
}
