import { serviceUnavailable } from '../../machinery/status-errors.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice, Endpoint as SliceEndpoint } from '../../resources/schema/discovery-v1.generated.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** The pod that it is said to be; undefined when it is none, or one of another namespace. */
  readonly pod: string | undefined;
}

/** The name of the service's port with this number. Throws ServiceUnavailable in Kubernetes' words when it has none. */
export function portNameOf(service: Service, port: number): string {
  const found = service.spec?.ports?.find((each) => each.port === port);
  if (found !== undefined) return found.name ?? '';
  throw serviceUnavailable(`no service port ${port} found for service "${service.metadata.name}"`);
}

/** The endpoints that are ready behind a port, in the order of their slices; one without a name is named by the empty string. */
export function readyEndpoints(slices: readonly EndpointSlice[], portName: string): readonly Endpoint[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.find((each) => (each.name ?? '') === portName)?.port;
    if (port === undefined || slice.addressType === 'FQDN') return [];
    return (slice.endpoints ?? [])
      .filter((endpoint) => endpoint.conditions?.ready !== false)
      .flatMap((endpoint) =>
        endpoint.addresses.slice(0, 1).map((address) => ({ address, port, pod: podOf(endpoint) })),
      );
    function podOf({ targetRef }: SliceEndpoint): string | undefined {
      return targetRef?.namespace === slice.metadata.namespace ? targetRef?.name : undefined;
    }
  });
}
