import { createHash } from 'node:crypto';
import type { Endpoint, ServicePort } from './service-table.ts';

export interface RulesetOptions {
  /** Carries the cluster's id. */
  readonly table: string;
  /** The bridge that this node's pods hang on. */
  readonly bridge: string;
  readonly podRange: string;
  readonly clusterRange: string;
}

/** Everything that the table says, ready for comparing: chains by name, and elements of maps and sets. */
export interface DesiredTraffic {
  readonly ports: ReadonlyMap<string, ServicePort>;
}

export function desiredTraffic(ports: Iterable<ServicePort>): DesiredTraffic {
  return { ports: new Map([...ports].map((port) => [port.key, port])) };
}

/**
 * The whole table, replaced in one transaction: what is needed at start, and whenever the kernel may hold something else.
 * Each service port has a chain with one rule; two maps lead to the chains, so that a packet is matched by one look-up however
 * many services there are.
 */
export function fullRuleset(options: RulesetOptions, desired: DesiredTraffic): string {
  const { table } = options;
  const lines = [`table ip ${table} {}`, `delete table ip ${table}`, `table ip ${table} {`, ...frame(options), '}'];
  for (const port of desired.ports.values()) lines.push(...addPort(table, port));
  return `${lines.join('\n')}\n`;
}

/** What changes the table from one state to the other; empty when nothing does. Applied in one transaction. */
export function changedRules(table: string, before: DesiredTraffic, after: DesiredTraffic): string {
  const removals: string[] = [];
  const additions: string[] = [];
  for (const [key, port] of before.ports) {
    const next = after.ports.get(key);
    if (next === undefined) removals.push(...removePort(table, port));
    else if (!sameFront(port, next)) {
      removals.push(...removePort(table, port));
      additions.push(...addPort(table, next));
    } else if (!sameBack(port, next)) additions.push(...updatePort(table, port, next));
  }
  for (const [key, port] of after.ports) {
    if (!before.ports.has(key)) additions.push(...addPort(table, port));
  }
  // Removals come first: an address may move from one service to another in the same transaction.
  const lines = [...removals, ...additions];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function frame({ bridge, podRange, clusterRange }: RulesetOptions): readonly string[] {
  const lookup = 'meta l4proto . ip daddr . th dport';
  return [
    '  map cluster-ips { type inet_proto . ipv4_addr . inet_service : verdict; }',
    '  map node-ports { type inet_proto . inet_service : verdict; }',
    '  set no-endpoints { type inet_proto . ipv4_addr . inet_service; }',
    '  set no-endpoint-ports { type inet_proto . inet_service; }',
    '  set hairpins { type ipv4_addr . ipv4_addr; }',
    '  chain services {',
    `    ${lookup} vmap @cluster-ips`,
    '    fib daddr type local meta l4proto . th dport vmap @node-ports',
    '  }',
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    '    jump services',
    '  }',
    '  chain output {',
    '    type nat hook output priority -100; policy accept;',
    '    jump services',
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    '    ct mark & 0x4000 == 0x4000 ct status dnat masquerade',
    '    ct status dnat ip saddr . ip daddr @hairpins masquerade',
    `    ct status dnat ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    `    ip saddr ${podRange} ip daddr != { ${podRange}, ${clusterRange} } oifname != "${bridge}" masquerade`,
    '  }',
    '  chain refuse {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject with icmp port-unreachable',
    '  }',
    '  chain refusals {',
    `    ct state new ${lookup} @no-endpoints goto refuse`,
    '    ct state new fib daddr type local meta l4proto . th dport @no-endpoint-ports goto refuse',
    `    ct state new ip daddr ${clusterRange} goto refuse`,
    '  }',
    '  chain filter-input {',
    '    type filter hook input priority filter - 5; policy accept;',
    '    jump refusals',
    '  }',
    '  chain filter-forward {',
    '    type filter hook forward priority filter - 5; policy accept;',
    '    jump refusals',
    '  }',
    '  chain filter-output {',
    '    type filter hook output priority filter - 5; policy accept;',
    '    jump refusals',
    '  }',
    // Replies to node ports on loopback need route_localnet, which must not open loopback to neighbours.
    '  chain guard-loopback {',
    '    type filter hook prerouting priority raw; policy accept;',
    '    iifname != "lo" ip daddr 127.0.0.0/8 drop',
    '  }',
  ];
}

function addPort(table: string, port: ServicePort): readonly string[] {
  const lines: string[] = [];
  const inside = chainName(port, 'in');
  const outside = chainName(port, 'out');
  const { clusterElement, nodeElement } = elements(port);
  if (port.endpoints.length === 0) lines.push(`add element ip ${table} no-endpoints { ${clusterElement} }`);
  else {
    lines.push(
      `add chain ip ${table} ${inside}`,
      `flush chain ip ${table} ${inside}`,
      forward(table, inside, port, port.endpoints, false),
    );
    lines.push(`add element ip ${table} cluster-ips { ${clusterElement} : goto ${inside} }`);
  }
  if (port.nodePort > 0) {
    if (port.externalEndpoints.length === 0) lines.push(`add element ip ${table} no-endpoint-ports { ${nodeElement} }`);
    else {
      lines.push(`add chain ip ${table} ${outside}`, `flush chain ip ${table} ${outside}`);
      lines.push(forward(table, outside, port, port.externalEndpoints, !port.externalLocal));
      lines.push(`add element ip ${table} node-ports { ${nodeElement} : goto ${outside} }`);
    }
  }
  for (const endpoint of allEndpoints(port))
    lines.push(`add element ip ${table} hairpins { ${endpoint.address} . ${endpoint.address} }`);
  return lines;
}

/** Hairpin elements stay: another service may share the endpoint, and one that is left over does no harm. */
function removePort(table: string, port: ServicePort): readonly string[] {
  const lines: string[] = [];
  const inside = chainName(port, 'in');
  const outside = chainName(port, 'out');
  const { clusterElement, nodeElement } = elements(port);
  if (port.endpoints.length === 0) lines.push(`delete element ip ${table} no-endpoints { ${clusterElement} }`);
  else
    lines.push(
      `delete element ip ${table} cluster-ips { ${clusterElement} : goto ${inside} }`,
      `delete chain ip ${table} ${inside}`,
    );
  if (port.nodePort > 0) {
    if (port.externalEndpoints.length === 0)
      lines.push(`delete element ip ${table} no-endpoint-ports { ${nodeElement} }`);
    else
      lines.push(
        `delete element ip ${table} node-ports { ${nodeElement} : goto ${outside} }`,
        `delete chain ip ${table} ${outside}`,
      );
  }
  return lines;
}

/** Same address and ports, other endpoints: usually one rule is replaced. */
function updatePort(table: string, before: ServicePort, after: ServicePort): readonly string[] {
  const emptied = (a: readonly Endpoint[], b: readonly Endpoint[]) => (a.length === 0) !== (b.length === 0);
  if (emptied(before.endpoints, after.endpoints) || emptied(before.externalEndpoints, after.externalEndpoints)) {
    return [...removePort(table, before), ...addPort(table, after)];
  }
  return addPort(table, after).filter(
    (line) => !/ (cluster-ips|node-ports|no-endpoints|no-endpoint-ports) \{/.test(line),
  );
}

function forward(
  table: string,
  chain: string,
  port: ServicePort,
  endpoints: readonly Endpoint[],
  masquerade: boolean,
): string {
  const mark = masquerade ? 'ct mark set ct mark | 0x4000 ' : '';
  const [only] = endpoints;
  const target =
    endpoints.length === 1 && only !== undefined
      ? `dnat to ${only.address}:${only.port}`
      : `dnat to numgen random mod ${endpoints.length} map { ${endpoints.map(({ address, port: to }, index) => `${index} : ${address} . ${to}`).join(', ')} }`;
  return `add rule ip ${table} ${chain} meta l4proto ${port.protocol} ${mark}${target}`;
}

function elements(port: ServicePort) {
  return {
    clusterElement: `${port.protocol} . ${port.clusterIp} . ${port.port}`,
    nodeElement: `${port.protocol} . ${port.nodePort}`,
  };
}

function allEndpoints(port: ServicePort): readonly Endpoint[] {
  return port.externalEndpoints === port.endpoints ? port.endpoints : [...port.endpoints, ...port.externalEndpoints];
}

/** Names of chains are bounded, names of services are not. */
function chainName(port: ServicePort, side: 'in' | 'out'): string {
  return `${side}-${createHash('sha256').update(`${port.key}/${port.protocol}`).digest('hex').slice(0, 16)}`;
}

function sameFront(a: ServicePort, b: ServicePort): boolean {
  return (
    a.protocol === b.protocol &&
    a.clusterIp === b.clusterIp &&
    a.port === b.port &&
    a.nodePort === b.nodePort &&
    a.externalLocal === b.externalLocal
  );
}

function sameBack(a: ServicePort, b: ServicePort): boolean {
  const text = ({ endpoints, externalEndpoints }: ServicePort) => JSON.stringify([endpoints, externalEndpoints]);
  return text(a) === text(b);
}
