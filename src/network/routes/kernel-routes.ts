import type { Processes } from '../../node/host/host.ts';
import type { LinkAddress } from './decide-routes.ts';

/** What of the kernel's network state concerns the ways to other nodes. */
export interface KernelRoutes {
  readonly links: readonly LinkAddress[];
  /** By destination. */
  readonly routes: ReadonlyMap<string, KernelRoute>;
  /** Undefined when there is none. */
  readonly tunnel: KernelTunnel | undefined;
}

export interface KernelRoute {
  readonly via: string | undefined;
  readonly link: string;
}

export interface KernelTunnel {
  /** The address that wrapped packets come from. */
  readonly local: string | undefined;
  readonly mtu: number;
  readonly hardwareAddress: string;
  /** Whether the link is up, and its own addresses with their prefixes. */
  readonly up: boolean;
  readonly addresses: readonly string[];
  /** Hardware addresses by the address asked for. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** To which machine packets for a hardware address go. */
  readonly forwarding: ReadonlyMap<string, string>;
}

interface AddressText {
  readonly ifname: string;
  readonly flags?: readonly string[];
  readonly mtu: number;
  readonly address?: string;
  readonly linkinfo?: { readonly info_data?: { readonly local?: string } };
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** Reads addresses, routes and the tunnel of this name. `leaveOut`: links whose networks have no nodes as neighbours. */
export async function readKernelRoutes(
  processes: Pick<Processes, 'run'>,
  tunnelLink: string,
  leaveOut: readonly string[],
): Promise<KernelRoutes> {
  const ask = async <T>(...command: string[]): Promise<readonly T[]> => {
    const { stdout } = await processes.run(command, { timeoutMs: 10_000 });
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as readonly T[]);
  };
  const [addresses, routes] = await Promise.all([
    ask<AddressText>('ip', '-j', '-d', '-4', 'address', 'show'),
    ask<{ readonly dst?: string; readonly gateway?: string; readonly dev?: string }>('ip', '-j', '-4', 'route', 'show'),
  ]);
  const [tunnel] = await ask<AddressText>('ip', '-j', '-d', 'link', 'show', 'type', 'vxlan').then((links) =>
    links.filter(({ ifname }) => ifname === tunnelLink),
  );
  return {
    links: addresses
      .filter(({ ifname, flags = [] }) => flags.includes('UP') && ifname !== tunnelLink && !leaveOut.includes(ifname))
      .flatMap(({ ifname, mtu, addr_info = [] }) =>
        addr_info.flatMap(({ local, prefixlen }) =>
          local === undefined || prefixlen === undefined || ifname === 'lo'
            ? []
            : [{ link: ifname, address: local, prefix: prefixlen, mtu }],
        ),
      ),
    routes: new Map(routes.map(({ dst = '', gateway, dev = '' }) => [dst, { via: gateway, link: dev }])),
    tunnel:
      tunnel === undefined
        ? undefined
        : await readTunnel(
            tunnel,
            addresses.find(({ ifname }) => ifname === tunnelLink),
            ask,
          ),
  };
}

async function readTunnel(
  link: AddressText,
  addressed: AddressText | undefined,
  ask: <T>(...command: string[]) => Promise<readonly T[]>,
): Promise<KernelTunnel> {
  const [neighbours, forwarding] = await Promise.all([
    ask<{ readonly dst: string; readonly lladdr?: string; readonly state?: readonly string[] }>(
      ...['ip', '-j', 'neigh', 'show', 'dev', link.ifname, 'nud', 'permanent'],
    ),
    ask<{ readonly mac: string; readonly dst?: string }>('bridge', '-j', 'fdb', 'show', 'dev', link.ifname),
  ]);
  return {
    local: link.linkinfo?.info_data?.local,
    mtu: link.mtu,
    hardwareAddress: link.address ?? '',
    up: link.flags?.includes('UP') === true,
    addresses: (addressed?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    neighbours: new Map(neighbours.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [[dst, lladdr]]))),
    forwarding: new Map(forwarding.flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst]]))),
  };
}
