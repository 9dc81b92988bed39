import type { HostPort } from './host-port-rules.ts';
import type { ServicePort } from './service-table.ts';

/** Where clients send datagrams, and who may answer them. */
export interface DatagramFront {
  /** Undefined: any address of the node. */
  readonly address: string | undefined;
  readonly port: number;
  /** `address:port`. */
  readonly servers: ReadonlySet<string>;
}

/**
 * Everybody who serves counts, whatever the policies say: a change of those does not break off what is under way, as it does not
 * with connections.
 */
export function frontsOfService(service: ServicePort): readonly DatagramFront[] {
  if (service.protocol !== 'udp') return [];
  const servers = service.serving;
  const { clusterIp, externalIps, port, nodePort } = service;
  const fronts: DatagramFront[] = [clusterIp, ...externalIps].map((address) => ({ address, port, servers }));
  return nodePort > 0 ? [...fronts, { address: undefined, port: nodePort, servers }] : fronts;
}

export function frontsOfHostPorts(ports: readonly HostPort[]): readonly DatagramFront[] {
  return ports
    .filter(({ protocol }) => protocol === 'udp')
    .map(({ hostIp, hostPort, address, port }) => ({
      address: hostIp === '' ? undefined : hostIp,
      port: hostPort,
      servers: new Set([`${address}:${port}`]),
    }));
}

/** Fronts where flows may lead astray now: new ones, those that lost somebody who serves, and those that are gone. */
export function frontsToClean(
  before: readonly DatagramFront[],
  after: readonly DatagramFront[],
): readonly DatagramFront[] {
  const old = new Map(before.map((front) => [frontId(front), front]));
  const changed = after.filter((front) => {
    const known = old.get(frontId(front));
    old.delete(frontId(front));
    return known === undefined || [...known.servers].some((server) => !front.servers.has(server));
  });
  return [...changed, ...[...old.values()].map((front) => ({ ...front, servers: new Set<string>() }))];
}

export function frontId({ address, port }: DatagramFront): string {
  return `${address ?? '*'}:${port}`;
}
