import { addressAt, parseRange } from '../ipv4.ts';
import type { RouteDecision } from './decide-routes.ts';
import type { KernelRoutes, KernelTunnel } from './kernel-routes.ts';
import { tunnelHardwareAddress, tunnelNumber, tunnelPort } from './tunnel-names.ts';

export interface RouteChangesInput {
  readonly clusterId: string;
  readonly nodeName: string;
  /** The name of the tunnel's link. */
  readonly tunnelLink: string;
  /** The node's own address, and its own share of the pod range. */
  readonly address: string | undefined;
  readonly podRange: string;
  readonly mtu: number;
  readonly decision: RouteDecision;
  readonly kernel: KernelRoutes;
  /** Destinations of routes that were made before. */
  readonly made: readonly string[];
}

/** Lines for `ip -batch` and then for `bridge -batch`; none where the kernel is as it should be. */
export interface RouteChanges {
  readonly ip: readonly string[];
  readonly bridge: readonly string[];
}

/** What brings the kernel's ways to other nodes to what was decided. Each line may be repeated. */
export function routeChanges(input: RouteChangesInput): RouteChanges {
  const { decision, kernel, made } = input;
  const desired = new Map<string, { readonly via: string; readonly link: string; readonly onLink: boolean }>();
  for (const { range, via, link } of decision.routes) desired.set(range, { via, link, onLink: false });
  for (const { range } of decision.tunnels)
    desired.set(range, { via: networkAddress(range), link: input.tunnelLink, onLink: true });
  const ip: string[] = [];
  for (const range of made) if (!desired.has(range) && kernel.routes.has(range)) ip.push(`route delete ${range}`);
  const tunnel = tunnelChanges(input);
  ip.push(...tunnel.ip);
  for (const [range, { via, link, onLink }] of desired) {
    const actual = tunnel.anew && onLink ? undefined : kernel.routes.get(range);
    if (actual?.via === via && actual.link === link) continue;
    ip.push(`route replace ${range} via ${via} dev ${link}${onLink ? ' onlink' : ''}`);
  }
  return { ip, bridge: tunnel.bridge };
}

interface TunnelChanges extends RouteChanges {
  /** The link is made anew, and what hung on it is gone. */
  readonly anew: boolean;
}

function tunnelChanges(input: RouteChangesInput): TunnelChanges {
  const { clusterId, tunnelLink, address, decision, kernel } = input;
  const { tunnels } = decision;
  const exists = kernel.tunnel !== undefined;
  if (tunnels.length === 0 || address === undefined)
    return { ip: exists ? [`link delete ${tunnelLink}`] : [], bridge: [], anew: false };
  const anew = kernel.tunnel?.local !== address;
  const before = anew ? undefined : kernel.tunnel;
  const ip = [...(anew && exists ? [`link delete ${tunnelLink}`] : []), ...linkChanges(input, address, before)];
  const bridge: string[] = [];
  const neighbours = new Map<string, string>();
  const forwarding = new Map<string, string>();
  for (const { range, node, address: machine } of tunnels) {
    const hardware = tunnelHardwareAddress(clusterId, node);
    neighbours.set(networkAddress(range), hardware);
    forwarding.set(hardware, machine);
  }
  for (const gone of without(before?.neighbours, neighbours)) ip.push(`neigh delete ${gone} dev ${tunnelLink}`);
  for (const [via, hardware] of changed(neighbours, before?.neighbours))
    ip.push(`neigh replace ${via} lladdr ${hardware} dev ${tunnelLink} nud permanent`);
  for (const gone of without(before?.forwarding, forwarding)) bridge.push(`fdb delete ${gone} dev ${tunnelLink} self`);
  for (const [hardware, machine] of changed(forwarding, before?.forwarding))
    bridge.push(`fdb replace ${hardware} dev ${tunnelLink} dst ${machine} self permanent`);
  return { ip, bridge, anew };
}

function linkChanges(
  { clusterId, nodeName, tunnelLink, podRange, mtu }: RouteChangesInput,
  address: string,
  before: KernelTunnel | undefined,
): readonly string[] {
  const lines: string[] = [];
  const hardware = tunnelHardwareAddress(clusterId, nodeName);
  const own = `${networkAddress(podRange)}/32`;
  if (before === undefined) {
    const what = `vxlan id ${tunnelNumber(clusterId)} local ${address} dstport ${tunnelPort} nolearning`;
    lines.push(`link add ${tunnelLink} address ${hardware} mtu ${mtu} type ${what}`);
  } else {
    if (before.mtu !== mtu) lines.push(`link set ${tunnelLink} mtu ${mtu}`);
    if (before.hardwareAddress !== hardware) lines.push(`link set ${tunnelLink} address ${hardware}`);
  }
  // What the machine itself sends to pods of other nodes comes from an address that leads back through the tunnel.
  if (before?.addresses.includes(own) !== true) lines.push(`address replace ${own} dev ${tunnelLink}`);
  if (before?.up !== true) lines.push(`link set ${tunnelLink} up`);
  return lines;
}

/** The first address of a range: nobody's, and so free to stand for the other end of the tunnel. */
function networkAddress(range: string): string {
  return addressAt(parseRange(range), 0);
}

function changed(wanted: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string> | undefined) {
  return [...wanted].filter(([key, value]) => actual?.get(key) !== value);
}

function without(actual: ReadonlyMap<string, string> | undefined, wanted: ReadonlyMap<string, string>) {
  return [...(actual?.keys() ?? [])].filter((key) => !wanted.has(key));
}
