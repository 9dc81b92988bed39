import { execFileSync } from 'node:child_process';
import { hostname, networkInterfaces } from 'node:os';

/** The name of this machine as a node: its host name, as Kubernetes allows it. */
export function nodeNameOfMachine(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  return name === '' ? 'node' : name;
}

/** The address by which pods and other machines reach this one; loopback where there is no network. */
export function machineAddress(): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (/^(lo|docker|br-|veth|cni|st-|virbr|refbr)/.test(name)) continue;
    const found = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found !== undefined) return found.address;
  }
  return '127.0.0.1';
}

/** Ranges that networks of this machine use: destinations of its routes. Empty where they cannot be asked for. */
export function takenRanges(): readonly string[] {
  try {
    const routes = JSON.parse(
      execFileSync('ip', ['-j', '-4', 'route', 'show', 'table', 'all'], { encoding: 'utf8' }),
    ) as readonly {
      readonly dst?: string;
      readonly type?: string;
    }[];
    return routes.flatMap(({ dst = 'default', type }) => {
      if (dst === 'default' || type === 'local' || type === 'broadcast') return [];
      return [dst.includes('/') ? dst : `${dst}/32`];
    });
  } catch {
    return [];
  }
}
