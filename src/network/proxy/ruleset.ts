export interface RulesetOptions {
  /** Carries the cluster's id. */
  readonly table: string;
  /** The bridge that this node's pods hang on. */
  readonly bridge: string;
  /** Of all pods of the cluster. */
  readonly podRange: string;
  readonly clusterRange: string;
}

/** A statement: this connection gets an address of the node as its source. */
export const masquerade = 'ct mark set ct mark | 0x4000';

/**
 * What the table has whatever the services are: the hooks, and the sets and maps that services add to. A packet is matched by one
 * look-up in a map however many services there are.
 */
export function tableFrame({ bridge, podRange, clusterRange }: RulesetOptions): readonly string[] {
  const destination = 'meta l4proto . ip daddr . th dport';
  const port = 'meta l4proto . th dport';
  const transport = 'meta l4proto { tcp, udp, sctp }';
  return [
    'map service-addresses { type inet_proto . ipv4_addr . inet_service : verdict; }',
    'map node-ports { type inet_proto . inet_service : verdict; }',
    'map unserved-addresses { type inet_proto . ipv4_addr . inet_service : verdict; }',
    'map unserved-node-ports { type inet_proto . inet_service : verdict; }',
    'map firewalled { type inet_proto . ipv4_addr . inet_service : verdict; }',
    'map host-ports { type inet_proto . inet_service : ipv4_addr . inet_service; }',
    'map host-address-ports { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }',
    'set cluster-addresses { type ipv4_addr; }',
    'set hairpins { type ipv4_addr . ipv4_addr; }',
    'chain refuse {',
    '  meta l4proto tcp reject with tcp reset',
    '  reject with icmp port-unreachable',
    '}',
    'chain services {',
    `  ip daddr @cluster-addresses ip saddr != ${podRange} ${masquerade}`,
    `  ${destination} vmap @service-addresses`,
    `  fib daddr type local ${port} vmap @node-ports`,
    `  fib daddr type local ${transport} dnat to ${destination} map @host-address-ports`,
    `  fib daddr type local ${transport} dnat to ${port} map @host-ports`,
    '}',
    'chain prerouting {',
    '  type nat hook prerouting priority dstnat; policy accept;',
    '  jump services',
    '}',
    'chain output {',
    '  type nat hook output priority -100; policy accept;',
    '  jump services',
    '}',
    'chain postrouting {',
    '  type nat hook postrouting priority srcnat; policy accept;',
    '  ct mark & 0x4000 == 0x4000 ct status dnat masquerade fully-random',
    '  ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random',
    `  ct status dnat ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade fully-random`,
    `  ip saddr ${podRange} ip daddr != { ${podRange}, ${clusterRange} } oifname != "${bridge}" masquerade`,
    '}',
    // Whom a load balancer lets in is decided before its address is translated.
    'chain firewall { ct state new meta l4proto . ip daddr . th dport vmap @firewalled; }',
    'chain firewall-prerouting {',
    '  type filter hook prerouting priority -110; policy accept;',
    '  jump firewall',
    '}',
    'chain firewall-output {',
    '  type filter hook output priority -110; policy accept;',
    '  jump firewall',
    '}',
    'chain unserved {',
    `  ${destination} vmap @unserved-addresses`,
    '}',
    // An address that a service has is refused on other ports; one that none has is dropped.
    'chain strange {',
    '  ip daddr @cluster-addresses goto refuse',
    `  ip daddr ${clusterRange} drop`,
    '}',
    'chain filter-input {',
    '  type filter hook input priority filter - 5; policy accept;',
    '  ct state != new accept',
    `  fib daddr type local ${port} vmap @unserved-node-ports`,
    '  jump unserved',
    '}',
    'chain filter-forward {',
    '  type filter hook forward priority filter - 5; policy accept;',
    '  ct state != new accept',
    '  jump unserved',
    '  jump strange',
    '}',
    'chain filter-output {',
    '  type filter hook output priority filter - 5; policy accept;',
    '  ct state != new accept',
    '  jump unserved',
    '  jump strange',
    '}',
    // Replies to node ports on loopback need route_localnet, which must not open loopback to neighbours.
    'chain guard-loopback {',
    '  type filter hook prerouting priority raw; policy accept;',
    '  iifname != "lo" ip daddr 127.0.0.0/8 drop',
    '}',
  ];
}
