import type { Draft } from '../../machinery/object.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';

export type Spec = ServiceSpec | Draft<ServiceSpec>;

export function specOf(service: Service | Draft<Service>): Spec {
  return service.spec ?? {};
}

export function typeOf(spec: Spec): string {
  return spec.type ?? 'ClusterIP';
}

export function isHeadless(spec: Spec): boolean {
  return spec.clusterIP === 'None';
}

export function hasSelector(spec: Spec): boolean {
  return Object.keys(spec.selector ?? {}).length > 0;
}

/** Whether ports of the service get node ports that nobody chose. */
export function wantsNodePorts(spec: Spec): boolean {
  const type = typeOf(spec);
  return type === 'NodePort' || (type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

/** Load balancers that want local endpoints alone ask the nodes who has some. */
export function needsHealthCheck(spec: Spec): boolean {
  return typeOf(spec) === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

export function nodePortsOf(spec: Spec): readonly number[] {
  return (spec.ports ?? []).flatMap((port) => port.nodePort || []);
}

/** Addresses that were given to the service: none for ExternalName and headless ones. */
export function clusterAddressesOf(spec: Spec): readonly string[] {
  if (typeOf(spec) === 'ExternalName' || isHeadless(spec)) return [];
  const addresses = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  return addresses.filter((address) => address !== '' && address !== 'None');
}

export function sameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
