import { ClusterDialer, type ClusterDialerOptions } from '../../client/dialer/cluster-dialer.ts';
import type { Dialer } from '../../client/dialer.ts';
import { serviceUnavailable } from '../../machinery/status-errors.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { noRouteTo, type SimulatedNodes } from './simulated-nodes.ts';

/** Asked at each connection, for nodes come later than the API server that dials. */
type Simulated = () => Pick<SimulatedNodes, 'api' | 'wayTo'>;

/**
 * Connections out of the API server where some nodes are simulated: their agents answer directly, what is in their pods by the way that the
 * runtime knows, and everything else is on the network.
 */
export function simulatedDialer(simulated: Simulated, options: Omit<ClusterDialerOptions, 'wayTo'>): Dialer {
  const network = new ClusterDialer({ ...options, wayTo: (address) => simulated().wayTo(address) });
  return withAgents(simulated, network, (name) => network.node(name));
}

/** The same where all nodes are simulated: nothing is on the network. */
export function isolatedDialer(simulated: Simulated, options: Omit<ClusterDialerOptions, 'wayTo' | 'nodeTls'>): Dialer {
  const network = new ClusterDialer({
    ...options,
    nodeTls: {},
    wayTo: (address) => simulated().wayTo(address) ?? (() => noRouteTo(address)),
  });
  return withAgents(simulated, network, async (name) => {
    await options.reader.get(nodes, { name });
    throw serviceUnavailable(`node "${name}" does not answer: its agent is down or cut off`);
  });
}

function withAgents(simulated: Simulated, network: Dialer, otherAgent: (name: string) => ReturnType<Dialer['node']>) {
  return {
    pod: network.pod.bind(network),
    service: network.service.bind(network),
    node: async (name, port, scheme) => {
      if (port !== undefined) return network.node(name, port, scheme);
      return simulated().api(name) ?? otherAgent(name);
    },
  } satisfies Dialer;
}
