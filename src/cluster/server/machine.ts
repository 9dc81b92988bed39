import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { defaultRouteLink } from '../../node/host/linux/host-info.ts';

/** The name of this machine as a node: its host name, as Kubernetes allows it. */
export function nodeNameOfMachine(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  return name === '' ? 'node' : name;
}

/** The addresses by which pods and other machines reach this one, the usual one first; none where there is no network. */
export function machineAddresses(): readonly string[] {
  const named = Object.entries(networkInterfaces()).filter(
    ([name]) => !/^(lo|docker|br-|veth|cni|st[nvx]?-|virbr|refbr|vxlan|flannel|cali)/.test(name),
  );
  const way = wayOut();
  return [...named.filter(([name]) => name === way), ...named.filter(([name]) => name !== way)].flatMap(
    ([, addresses = []]) =>
      addresses.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  );
}

/** The link of the default route. */
function wayOut(): string | undefined {
  try {
    return defaultRouteLink(readFileSync('/proc/net/route', 'utf8'));
  } catch {
    return undefined;
  }
}

/** The largest packet of this machine's way out; the usual one where it has none, or cannot be asked. */
export function machineMtu(): number {
  try {
    return Number(readFileSync(`/sys/class/net/${wayOut() ?? ''}/mtu`, 'utf8'));
  } catch {
    return usualMtu;
  }
}

const usualMtu = 1500;

/**
 * Ranges that networks of this machine use: destinations of its routes, without those by a link of our own. Empty where they cannot be asked
 * for.
 */
export function takenRanges(ownLink?: string): readonly string[] {
  try {
    const args = ['-j', '-4', 'route', 'show', 'table', 'all'];
    const text = execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const routes: readonly { readonly dst?: string; readonly type?: string; readonly dev?: string }[] =
      JSON.parse(text);
    return routes.flatMap(({ dst = 'default', type, dev }) => {
      if (dst === 'default' || type === 'local' || type === 'broadcast' || dev === ownLink) return [];
      return [dst.includes('/') ? dst : `${dst}/32`];
    });
  } catch {
    return [];
  }
}

/** The tables of packet rules in this process's network; none where they cannot be asked for. */
export function packetTables(): readonly string[] {
  try {
    const text = execFileSync('nft', ['-j', 'list', 'tables', 'ip'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { nftables }: { readonly nftables: readonly { readonly table?: { readonly name: string } }[] } =
      JSON.parse(text);
    return nftables.flatMap(({ table }) => table?.name ?? []);
  } catch {
    return [];
  }
}
