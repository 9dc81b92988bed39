import type { EndpointPort, Pod, Service, ServicePort } from '../../resources/schema/core-v1.generated.ts';
import { isPodFinished } from '../runtime/pods.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
export const headlessLabel = 'service.kubernetes.io/headless';

/** Whether the controllers make endpoints for the service: without a selector someone else does. */
export function hasManagedEndpoints(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** Whether a pod can be an endpoint at all, ready or not. */
export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodFinished(pod)) return false;
  if ((pod.status?.podIP ?? '') === '' && (pod.status?.podIPs?.length ?? 0) === 0) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** A pod is named under a headless service when it asks for that service's domain. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = pod.spec ?? {};
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

export type AddressType = 'IPv4' | 'IPv6';

/** The families that a service has addresses of; the first is the one that single-family clients see. */
export function addressTypesOf(service: Service): readonly AddressType[] {
  const families = (service.spec?.ipFamilies ?? []).filter(
    (each): each is AddressType => each === 'IPv4' || each === 'IPv6',
  );
  return families.length > 0 ? families : ['IPv4'];
}

/** The pod's address of a family. */
export function addressOf(pod: Pod, family: AddressType): string | undefined {
  const { podIP, podIPs } = pod.status ?? {};
  const all = podIPs !== undefined && podIPs.length > 0 ? podIPs.map((each) => each.ip) : [podIP ?? ''];
  return all.find((address) => address !== '' && address.includes(':') === (family === 'IPv6'));
}

/** The service's ports as this pod offers them; a named target port that the pod does not have is left out. */
export function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (target === undefined) return port;
  if (typeof target === 'number') return target;
  // Sidecars are init containers that stay.
  const sidecars = (pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((each) => each.name === target && (each.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
