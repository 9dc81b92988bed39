import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { serviceUnavailable } from '../../machinery/status-errors.ts';
import { nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';

/**
 * The network of a cluster that has none: every node is simulated, and no packet reaches a pod. What is asked for has to exist all
 * the same, so that a wrong name gets the error that it gets everywhere.
 */
export function unreachableDialer(reader: Reader): Dialer {
  return {
    async pod(namespace, name) {
      await reader.get(pods, { namespace, name });
      throw serviceUnavailable(`pod "${name}" is simulated: no traffic reaches it`);
    },
    async service(namespace, name) {
      await reader.get(services, { namespace, name });
      throw serviceUnavailable(`service "${name}" leads to simulated pods: no traffic reaches them`);
    },
    async node(name) {
      await reader.get(nodes, { name });
      throw serviceUnavailable(`node "${name}" does not answer: its agent is down or cut off`);
    },
  };
}
