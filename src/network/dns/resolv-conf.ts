import type { UpstreamServer } from './datagram-exchange.ts';

/** What the machine's /etc/resolv.conf says. */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** As resolv.conf(5): at most three name servers, the last `search` or `domain` line wins. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let searches: readonly string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined && nameservers.length < 3) nameservers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') searches = values;
    else if (keyword === 'options') options.push(...values);
  }
  return { nameservers, searches, options };
}

/** Those of a list that are not this server itself, which would ask itself for ever. */
export function upstreamServers({ nameservers }: ResolvConf, own: string): readonly UpstreamServer[] {
  return nameservers.filter((address) => address !== own).map((address) => ({ address, port: 53 }));
}
