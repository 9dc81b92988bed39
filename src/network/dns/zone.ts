import type { Lister } from '../../client/informer.ts';
import type { Namespace, Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { parseIpv4 } from '../ipv4.ts';
import { type DnsAnswer, type DnsQuestion, type DnsRecord, recordTypes, responseCodes } from './message.ts';

export interface ZoneOptions {
  /** `cluster.local`. */
  readonly domain: string;
  readonly namespaces: Lister<Namespace>;
  /** Indexed by address under `clusterIp`. */
  readonly services: Lister<Service>;
  /** Indexed by `namespace/service` under `service`. */
  readonly slices: Lister<EndpointSlice>;
}

/** How long clients may keep an answer, in seconds: short, for addresses change. */
const ttl = 5;
const specificationVersion = '1.1.0';

/** Answers for the names of a cluster, as "Kubernetes DNS-Based Service Discovery" 1.1.0 says; undefined for names of others. */
export class Zone {
  readonly #options: ZoneOptions;
  #rotation = 0;

  constructor(options: ZoneOptions) {
    this.#options = options;
  }

  answer(question: DnsQuestion): DnsAnswer | undefined {
    const { domain } = this.#options;
    const { name, type } = question;
    if (name === domain || name.endsWith(`.${domain}`)) {
      const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
      return this.#reply(this.#records(name, labels), type);
    }
    if (name.endsWith('.in-addr.arpa')) return this.#reverse(name, type);
    return undefined;
  }

  /** Undefined: there is no such name. An empty list: the name exists, without records of its own. */
  #records(name: string, labels: readonly string[]): readonly DnsRecord[] | undefined {
    if (labels.length === 0) return [];
    const last = labels.at(-1);
    if (labels.length === 1) {
      if (last === 'dns-version') return [{ type: 'TXT', name, ttl, text: specificationVersion }];
      return last === 'svc' || last === 'pod' ? [] : undefined;
    }
    if (this.#options.namespaces.get(labels.at(-2) ?? '') === undefined) return undefined;
    if (last === 'pod') return podRecords(name, labels);
    return last === 'svc' ? this.#serviceRecords(name, labels.slice(0, -1)) : undefined;
  }

  /** `labels`: what stands before `.svc`, the namespace last. */
  #serviceRecords(name: string, labels: readonly string[]): readonly DnsRecord[] | undefined {
    const namespace = labels.at(-1) ?? '';
    if (labels.length === 1) return [];
    const service = this.#options.services.get(labels.at(-2) ?? '', namespace);
    if (service === undefined || labels.length > 4) return undefined;
    const front = labels.slice(0, -2);
    if (service.spec?.type === 'ExternalName') {
      if (front.length > 0) return undefined;
      return [{ type: 'CNAME', name, ttl, target: (service.spec.externalName ?? '').replace(/\.$/, '').toLowerCase() }];
    }
    const base = `${service.metadata.name}.${namespace}.svc.${this.#options.domain}`;
    const headless = service.spec?.clusterIP === 'None' || (service.spec?.clusterIP ?? '') === '';
    const addresses = headless ? this.#endpointRecords(service, base) : clusterRecords(service, base);
    const [first = '', second] = front;
    if (front.length === 0) {
      // A headless service without endpoints has no name; one with an address always has.
      if (headless && addresses.length === 0) return undefined;
      return [
        ...addresses.map(({ record }) => ({ ...record, name })),
        ...srvRecords(addresses, name, undefined, undefined),
      ];
    }
    if (front.length === 1) {
      if (first.startsWith('_')) return undefined;
      const own = headless
        ? addresses.filter(({ hostname }) => hostname === first).map(({ record }) => ({ ...record, name }))
        : [];
      return own.length === 0 ? undefined : own;
    }
    if (second === undefined || !first.startsWith('_') || !second.startsWith('_')) return undefined;
    const found = srvRecords(addresses, name, first.slice(1), second.slice(1));
    return found.length === 0 ? undefined : found;
  }

  #endpointRecords(service: Service, base: string): readonly Target[] {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    const targets = new Map<string, Target>();
    for (const slice of this.#options.slices.byIndex('service', key)) {
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

  #reply(records: readonly DnsRecord[] | undefined, type: number): DnsAnswer {
    const soa: DnsRecord = { type: 'SOA', name: this.#options.domain, ttl, serial: 1 };
    if (records === undefined) {
      return { code: responseCodes.nameError, authoritative: true, answers: [], authority: [soa] };
    }
    const wanted = records.filter(
      (record) => type === recordTypes.ANY || recordTypes[record.type] === type || record.type === 'CNAME',
    );
    if (wanted.length === 0) return { code: responseCodes.noError, authoritative: true, answers: [], authority: [soa] };
    const additional = wanted.flatMap((record) => (record.type === 'SRV' ? this.#addressesOf(record.target) : []));
    return { code: responseCodes.noError, authoritative: true, answers: this.#rotate(wanted), additional };
  }

  #addressesOf(target: string): readonly DnsRecord[] {
    const labels = target.slice(0, -this.#options.domain.length - 1).split('.');
    return (this.#records(target, labels) ?? []).filter((record) => record.type === 'A');
  }

  /** Clients take the first address: each gets another one. */
  #rotate(records: readonly DnsRecord[]): readonly DnsRecord[] {
    const start = this.#rotation++ % records.length;
    return [...records.slice(start), ...records.slice(0, start)];
  }

  #reverse(name: string, type: number): DnsAnswer | undefined {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
    if (parseIpv4(address) === undefined) return undefined;
    for (const { metadata } of this.#options.services.byIndex('clusterIp', address)) {
      const target = `${metadata.name}.${metadata.namespace}.svc.${this.#options.domain}`;
      return this.#reply([{ type: 'PTR', name, ttl, target }], type);
    }
    return undefined;
  }
}

/** An address with the name it has in the cluster and the ports that are reached there. */
interface Target {
  readonly hostname: string;
  readonly record: Extract<DnsRecord, { type: 'A' }>;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

function clusterRecords(service: Service, base: string): readonly Target[] {
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

function srvRecords(
  targets: readonly Target[],
  name: string,
  portName: string | undefined,
  protocol: string | undefined,
): readonly DnsRecord[] {
  const found = targets.flatMap(({ record, ports }) =>
    ports
      .filter((port) => portName === undefined || (port.name === portName && port.protocol === protocol))
      .map(({ port }) => ({ port, target: record.name })),
  );
  const weight = Math.max(1, Math.floor(100 / found.length));
  return found.map(({ port, target }): DnsRecord => ({ type: 'SRV', name, ttl, priority: 0, weight, port, target }));
}

/** Pods without a hostname of their own are named after their address. */
function hostnameOf(endpoint: Endpoint, address: string): string {
  return endpoint.hostname ?? address.replaceAll('.', '-');
}

/** `10-244-0-5.default.pod`: the address stands in the name itself. */
function podRecords(name: string, labels: readonly string[]): readonly DnsRecord[] | undefined {
  if (labels.length === 2) return [];
  if (labels.length !== 3) return undefined;
  const address = labels[0]?.replaceAll('-', '.') ?? '';
  return parseIpv4(address) === undefined ? undefined : [{ type: 'A', name, ttl, address }];
}
