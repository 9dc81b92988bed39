import type { Lister } from '../../client/informer.ts';
import type { Namespace, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { parseIpv4 } from '../ipv4.ts';
import { type DnsAnswer, type DnsQuestion, type DnsRecord, recordTypes, responseCodes } from './message.ts';
import { type AddressRecord, clusterTarget, endpointTargets, srvRecords, type Target, ttl } from './service-records.ts';

export interface ZoneOptions {
  /** `cluster.local`. */
  readonly domain: string;
  readonly namespaces: Lister<Namespace>;
  /** Indexed by address under `clusterIp`. */
  readonly services: Lister<Service>;
  /** Indexed by `namespace/service` under `service`, and by the addresses of endpoints under `address`. */
  readonly slices: Lister<EndpointSlice>;
}

const specificationVersion = '1.1.0';
/** Aliases that are followed for one question; more of them are a circle. */
const mostAliases = 8;

/**
 * Answers for the names of a cluster, as "Kubernetes DNS-Based Service Discovery" 1.1.0 says, and where that is silent as CoreDNS
 * does; undefined for names of others.
 */
export class Zone {
  readonly #options: ZoneOptions;
  #rotation = 0;

  constructor(options: ZoneOptions) {
    this.#options = options;
  }

  answer({ name, type }: Pick<DnsQuestion, 'name' | 'type'>): DnsAnswer | undefined {
    if (name.endsWith('.in-addr.arpa')) return this.#reverse(name, type);
    const labels = this.#labelsOf(name);
    if (labels === undefined) return undefined;
    const records = this.#records(name, labels);
    if (records === undefined) return this.#nothing(responseCodes.nameError);
    return this.#reply(records, type);
  }

  /** What stands before the domain; undefined for names of others. */
  #labelsOf(name: string): readonly string[] | undefined {
    const { domain } = this.#options;
    if (name === domain) return [];
    return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1).split('.') : undefined;
  }

  /** Undefined: there is no such name. An empty list: the name exists, without records of its own. */
  #records(name: string, labels: readonly string[]): readonly DnsRecord[] | undefined {
    if (labels.length === 0) return [this.#soa()];
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
    if (service === undefined) return undefined;
    const front = labels.slice(0, -2);
    if (service.spec?.type === 'ExternalName') {
      if (front.length > 0) return undefined;
      return [{ type: 'CNAME', name, ttl, target: (service.spec.externalName ?? '').replace(/\.$/, '').toLowerCase() }];
    }
    const found = this.#targets(service, namespace, front);
    return found.length === 0 ? undefined : [...unique(found, name), ...srvRecords(found, name)];
  }

  /** What a name leads to: the service, one of its endpoints by name, or one of its ports (`_http._tcp`). */
  #targets(service: Service, namespace: string, front: readonly string[]): readonly Target[] {
    const base = `${service.metadata.name}.${namespace}.svc.${this.#options.domain}`;
    const { clusterIP = '' } = service.spec ?? {};
    const endpoints = () =>
      endpointTargets(this.#options.slices.byIndex('service', `${namespace}/${service.metadata.name}`), base);
    const [first = '', second = ''] = front;
    if (front.length === 1) return endpoints().filter(({ hostname }) => hostname === first);
    const own = clusterIP === 'None' || clusterIP === '' ? endpoints() : clusterTarget(service, base);
    if (front.length === 0) return own;
    if (front.length !== 2 || !first.startsWith('_') || !second.startsWith('_')) return [];
    const wanted = (port: Target['ports'][number]) => port.name === first.slice(1) && port.protocol === second.slice(1);
    return own
      .map((target) => ({ ...target, ports: target.ports.filter(wanted) }))
      .filter(({ ports }) => ports.length > 0);
  }

  /** An alias of a name of ours is followed, for clients do not ask again; one of a name of others is for who asked us to follow. */
  #reply(records: readonly DnsRecord[], type: number): DnsAnswer {
    const aliases: DnsRecord[] = [];
    let found = records;
    for (let turn = 0; turn < mostAliases && type !== recordTypes.CNAME; turn++) {
      const alias = found.find(isAlias);
      if (alias === undefined) break;
      aliases.push(alias);
      const labels = this.#labelsOf(alias.target);
      if (labels === undefined) return { ...this.#found(aliases), unresolved: alias.target };
      found = this.#records(alias.target, labels) ?? [];
    }
    const wanted = found.filter((record) => recordTypes[record.type] === type);
    if (wanted.length === 0) return this.#nothing(responseCodes.noError);
    const targets = new Set(wanted.flatMap((record) => (record.type === 'SRV' ? [record.target] : [])));
    const additional = [...targets].flatMap((target) => this.#addressesOf(target));
    return { ...this.#found([...aliases, ...this.#rotate(wanted)]), additional };
  }

  #found(answers: readonly DnsRecord[]): DnsAnswer {
    return { code: responseCodes.noError, authoritative: true, answers };
  }

  #nothing(code: number): DnsAnswer {
    return { code, authoritative: true, answers: [], authority: [this.#soa()] };
  }

  #soa(): DnsRecord {
    return { type: 'SOA', name: this.#options.domain, ttl, serial: 1 };
  }

  #addressesOf(target: string): readonly DnsRecord[] {
    return (this.#records(target, this.#labelsOf(target) ?? []) ?? []).filter((record) => record.type === 'A');
  }

  /** Clients take the first address: each gets another one. */
  #rotate(records: readonly DnsRecord[]): readonly DnsRecord[] {
    const start = this.#rotation++ % records.length;
    return [...records.slice(start), ...records.slice(0, start)];
  }

  #reverse(name: string, type: number): DnsAnswer | undefined {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
    if (parseIpv4(address) === undefined || type !== recordTypes.PTR) return undefined;
    const names = this.#namesOf(address);
    if (names.length === 0) return undefined;
    return this.#found(names.map((target): DnsRecord => ({ type: 'PTR', name, ttl, target })));
  }

  /** A service's address has its name; an endpoint's those that it has in its services. */
  #namesOf(address: string): readonly string[] {
    const { domain, services, slices } = this.#options;
    for (const { metadata } of services.byIndex('clusterIp', address))
      return [`${metadata.name}.${metadata.namespace}.svc.${domain}`];
    const names = [...slices.byIndex('address', address)].flatMap((slice) => {
      const service = slice.metadata.labels?.['kubernetes.io/service-name'];
      if (service === undefined) return [];
      return endpointTargets([slice], `${service}.${slice.metadata.namespace}.svc.${domain}`)
        .filter(({ record }) => record.address === address)
        .map(({ record }) => record.name);
    });
    return [...new Set(names)];
  }
}

function isAlias(record: DnsRecord): record is Extract<DnsRecord, { target: string }> & { readonly type: 'CNAME' } {
  return record.type === 'CNAME';
}

/** Each address once, under the name that was asked for. */
function unique(targets: readonly Target[], name: string): readonly AddressRecord[] {
  return [...new Map(targets.map(({ record }) => [record.address, { ...record, name }])).values()];
}

/** `10-244-0-5.default.pod`: the address stands in the name itself. */
function podRecords(name: string, labels: readonly string[]): readonly DnsRecord[] | undefined {
  if (labels.length === 2) return [];
  if (labels.length !== 3) return undefined;
  const address = labels[0]?.replaceAll('-', '.') ?? '';
  return parseIpv4(address) === undefined ? undefined : [{ type: 'A', name, ttl, address }];
}
