import { createHash } from 'node:crypto';
import { type Rules, RulesBuilder } from './rules.ts';
import { masquerade } from './ruleset.ts';
import type { Endpoint, ServicePort } from './service-table.ts';

/**
 * The rules for one port of a service. Traffic to the cluster address goes to a chain that chooses an endpoint; what comes from outside
 * goes through one more, which decides whether the endpoint sees who asked. Without an endpoint there is nothing to choose, and the
 * address stands among those that are refused or dropped.
 */
export function portRules(port: ServicePort, podRange: string): Rules {
  const rules = new RulesBuilder();
  const id = nameOf(`${port.key}/${port.protocol}`);
  const cluster = `cluster-${id}`;
  const local = `local-${id}`;
  const external = `external-${id}`;
  if (port.clusterEndpoints.length > 0) chooser(rules, cluster, id, port, port.clusterEndpoints);
  if (port.localEndpoints.length > 0) chooser(rules, local, id, port, port.localEndpoints);
  const inside = port.served && !(port.internalLocal && port.localEndpoints.length === 0);
  const outside = port.served && !(port.externalLocal && port.localEndpoints.length === 0);
  const nowhere = port.served ? 'drop' : 'goto refuse';

  const clusterKey = `${port.protocol} . ${port.clusterIp} . ${port.port}`;
  rules.element('cluster-addresses', port.clusterIp);
  if (inside) rules.element('service-addresses', clusterKey, `goto ${port.internalLocal ? local : cluster}`);
  else rules.element('unserved-addresses', clusterKey, nowhere);

  if (port.served && (port.nodePort > 0 || port.externalIps.length > 0))
    rules.chain(external, externalRules(port, podRange, cluster, outside ? local : undefined));
  for (const address of port.externalIps) {
    const key = `${port.protocol} . ${address} . ${port.port}`;
    if (port.served) rules.element('service-addresses', key, `goto ${external}`);
    if (!outside) rules.element('unserved-addresses', key, nowhere);
  }
  if (port.nodePort > 0) {
    const key = `${port.protocol} . ${port.nodePort}`;
    if (port.served) rules.element('node-ports', key, `goto ${external}`);
    if (!outside) rules.element('unserved-node-ports', key, nowhere);
  }
  if (port.firewall !== undefined) {
    const { addresses, sources } = port.firewall;
    rules.chain(`firewall-${id}`, [`ip saddr != { ${sources.join(', ')} } drop`]);
    for (const address of addresses)
      rules.element('firewalled', `${port.protocol} . ${address} . ${port.port}`, `goto firewall-${id}`);
  }
  const near = [...port.clusterEndpoints, ...port.localEndpoints].filter((endpoint) => endpoint.near);
  for (const address of new Set(near.map((endpoint) => endpoint.address)))
    rules.element('hairpins', `${address} . ${address}`);
  return rules;
}

/**
 * Where the policy is Local, what comes from outside is seen as it is. Pods and the node itself are led to any endpoint all the same,
 * as if they had gone out to a load balancer and come back.
 */
function externalRules(port: ServicePort, podRange: string, cluster: string, local: string | undefined) {
  if (!port.externalLocal) return [masquerade, `goto ${cluster}`];
  return [
    `ip saddr ${podRange} goto ${cluster}`,
    `fib saddr type local ${masquerade}`,
    `fib saddr type local goto ${cluster}`,
    ...(local === undefined ? [] : [`goto ${local}`]),
  ];
}

function chooser(
  rules: RulesBuilder,
  chain: string,
  id: string,
  port: ServicePort,
  endpoints: readonly Endpoint[],
): void {
  if (port.affinitySeconds > 0) rules.chain(chain, stickyRules(rules, id, port, endpoints));
  else rules.chain(chain, [`meta l4proto ${port.protocol} dnat to ${randomOf(endpoints)}`]);
}

function randomOf(endpoints: readonly Endpoint[]): string {
  const [only] = endpoints;
  if (endpoints.length === 1 && only !== undefined) return `${only.address}:${only.port}`;
  const choices = endpoints.map(({ address, port }, index) => `${index} : ${address} . ${port}`);
  return `numgen random mod ${endpoints.length} map { ${choices.join(', ')} }`;
}

/** Each endpoint has a chain of its own, which notes who came, and a set of those who come back to it. */
function stickyRules(rules: RulesBuilder, id: string, port: ServicePort, endpoints: readonly Endpoint[]) {
  const chains = endpoints.map(({ address, port: to }) => {
    const endpoint = nameOf(`${id}/${address}:${to}`);
    // Its time is part of the set's name: the time of a set that exists cannot be changed.
    const clients = `clients-${endpoint}-${port.affinitySeconds}`;
    const chain = `endpoint-${endpoint}`;
    rules.set(clients, `type ipv4_addr; flags dynamic,timeout; timeout ${port.affinitySeconds}s; size 65536;`);
    rules.chain(chain, [`update @${clients} { ip saddr }`, `meta l4proto ${port.protocol} dnat to ${address}:${to}`]);
    return { chain, clients };
  });
  return [
    ...chains.map(({ chain, clients }) => `ip saddr @${clients} goto ${chain}`),
    `numgen random mod ${chains.length} vmap { ${chains.map(({ chain }, index) => `${index} : goto ${chain}`).join(', ')} }`,
  ];
}

/** Names of chains are bounded, names of services are not. */
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
