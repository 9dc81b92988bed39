import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { SandboxConfig } from '../runtime/runtime.ts';

export type DnsConfig = NonNullable<SandboxConfig['dns']>;

export interface DnsInput {
  readonly pod: Pod;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** What the machine itself uses. */
  readonly host: DnsConfig;
}

export interface PodDns {
  readonly config: DnsConfig;
  /** What its resolver is not told, in the words of the event. */
  readonly omissions: readonly string[];
}

/** What resolvers take; the length is that of all searches with the spaces between them. */
const most = { servers: 3, searches: 32, searchLength: 253, searchesLength: 2048 } as const;

/** What a pod's resolver is told, by its `dnsPolicy` and `dnsConfig`. */
export function podDns({ pod, clusterDns, clusterDomain, host }: DnsInput): PodDns {
  const base = policyConfig(pod, clusterDns, clusterDomain, host);
  const own = pod.spec?.dnsConfig;
  const options = new Map(base.options.map((option) => [option.split(':', 1)[0] ?? option, option]));
  for (const { name = '', value } of own?.options ?? [])
    options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  const allServers = unique([...base.servers, ...(own?.nameservers ?? [])]);
  const allSearches = unique([...base.searches, ...(own?.searches ?? [])]);
  const servers = allServers.slice(0, most.servers);
  const searches = fittingSearches(allSearches);
  const omissions: string[] = [];
  if (searches.length < allSearches.length)
    omissions.push(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
    );
  if (servers.length < allServers.length)
    omissions.push(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
    );
  return { config: { servers, searches, options: [...options.values()] }, omissions };
}

function fittingSearches(all: readonly string[]): readonly string[] {
  const fitting = all.slice(0, most.searches).filter(({ length }) => length <= most.searchLength);
  while (fitting.join(' ').length > most.searchesLength) fitting.pop();
  return fitting;
}

function policyConfig(pod: Pod, clusterDns: readonly string[], clusterDomain: string, host: DnsConfig): DnsConfig {
  const { dnsPolicy, hostNetwork } = pod.spec ?? {};
  if (dnsPolicy === 'None') return { servers: [], searches: [], options: [] };
  const usesCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy !== 'Default' && hostNetwork !== true);
  if (!usesCluster || clusterDns.length === 0) return host;
  const searches = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: clusterDns, searches: [...searches, ...host.searches], options: ['ndots:5'] };
}

/** Reads a resolv.conf. Loopback servers are kept: whether they can be reached from a pod is for the network to say. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = (line.split(/[#;]/, 1)[0] ?? '').trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain') searches = values;
    if (keyword === 'options') options = values;
  }
  return { servers, searches: searches.filter((search) => search !== '.'), options };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
