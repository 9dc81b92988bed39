import type { Dialer } from '../../client/dialer.ts';
import type { SimulatedNodes } from './simulated-nodes.ts';

/**
 * Connections out of the API server where some or all nodes are simulated: those answer directly, everything else goes the `other`
 * way. `simulated` is asked at each connection, for nodes come later than the API server that dials.
 */
export function simulatedDialer(simulated: () => Pick<SimulatedNodes, 'api'>, other: Dialer): Dialer {
  return {
    pod: (...args) => other.pod(...args),
    service: (...args) => other.service(...args),
    node: async (name) => simulated().api(name) ?? other.node(name),
  };
}
