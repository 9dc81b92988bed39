import { parseRange, rangesOverlap } from '../ipv4.ts';

/** A node as the others see it. */
export interface RoutedNode {
  readonly name: string;
  /** Undefined until it has told one. */
  readonly address: string | undefined;
  /** Its share of the pod range; undefined until it was given one. */
  readonly podRange: string | undefined;
  /** The node in whose machine it has a network of its own: others reach it through that one. */
  readonly behind: string | undefined;
}

/** One address of this machine, and the link it is on. */
export interface LinkAddress {
  readonly link: string;
  readonly address: string;
  /** Length of the prefix: whom it covers is a neighbour. */
  readonly prefix: number;
  readonly mtu: number;
}

export interface RouteDecision {
  readonly routes: readonly PodRoute[];
  /** Where packets for a node are wrapped and sent to its address, because its machine is no neighbour. */
  readonly tunnels: readonly PodTunnel[];
}

export interface PodRoute {
  /** The other node's pods. */
  readonly range: string;
  readonly via: string;
  readonly link: string;
}

export interface PodTunnel {
  readonly range: string;
  /** The node whose machine unwraps. */
  readonly node: string;
  /** The other machine's address, to which wrapped packets go. */
  readonly address: string;
}

/**
 * How packets for the pods of other nodes leave this one: straight to the other node where both are on one link, else wrapped. A node
 * behind another one is reached through that one's machine; what it sends itself goes there by its default route, except to its neighbours.
 */
export function decideRoutes(
  self: RoutedNode,
  all: Iterable<RoutedNode>,
  links: readonly LinkAddress[],
): RouteDecision {
  const byName = new Map([...all].map((node) => [node.name, node]));
  const routes: PodRoute[] = [];
  const tunnels: PodTunnel[] = [];
  for (const node of byName.values()) {
    const { podRange: range } = node;
    if (node.name === self.name || range === undefined) continue;
    const via = nextHop(self, node, byName);
    if (via === undefined || isOwn(via, links)) continue;
    const link = neighbourLink(via, links);
    if (link !== undefined) routes.push({ range, via, link });
    else tunnels.push({ range, node: node.behind ?? node.name, address: via });
  }
  return { routes: routes.sort(byRange), tunnels: tunnels.sort(byRange) };
}

/** The link on which an address is a neighbour; the one of the longest prefix. */
export function neighbourLink(address: string, links: readonly LinkAddress[]): string | undefined {
  const host = parseRange(`${address}/32`);
  const covering = links.filter(({ address: own, prefix }) => rangesOverlap(parseRange(`${own}/${prefix}`), host));
  return covering.sort((a, b) => b.prefix - a.prefix)[0]?.link;
}

function nextHop(self: RoutedNode, node: RoutedNode, byName: ReadonlyMap<string, RoutedNode>): string | undefined {
  const neighbours = node.behind === self.name || (self.behind !== undefined && node.behind === self.behind);
  if (neighbours) return node.address;
  if (self.behind !== undefined) return undefined;
  return node.behind === undefined ? node.address : byName.get(node.behind)?.address;
}

function isOwn(address: string, links: readonly LinkAddress[]): boolean {
  return links.some((each) => each.address === address);
}

function byRange(a: { readonly range: string }, b: { readonly range: string }): number {
  return a.range < b.range ? -1 : a.range > b.range ? 1 : 0;
}

/** What VXLAN adds to a packet over IPv4: outer Ethernet, IP, UDP and its own header. */
export const tunnelOverheadBytes = 50;

const usualMtu = 1500;

/** The largest packet of a pod that every way to another node takes as it is. `address`: the node's own. */
export function podMtu(
  address: string | undefined,
  { routes, tunnels }: RouteDecision,
  links: readonly LinkAddress[],
): number {
  const own = links.find((each) => each.address === address)?.mtu ?? usualMtu;
  const used = routes.map(({ link }) => links.find((each) => each.link === link)?.mtu ?? usualMtu);
  return Math.min(tunnels.length > 0 ? own - tunnelOverheadBytes : own, ...used);
}
