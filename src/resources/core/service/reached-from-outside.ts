import type { ServiceSpec } from '../../schema/core-v1.generated.ts';

/** Whether the service is to be reached from outside of the cluster: by a node's port or by an address of its own. */
export function isReachedFromOutside({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0);
}
