import type { HttpTarget } from '../wire/http.ts';

/**
 * The only way out of the API server: to webhooks, aggregated servers, pods, services and nodes. Services resolve to
 * endpoints, not to cluster addresses; simulated nodes answer directly. Nothing is cached for longer than the object it
 * came from says so, so an address that changes is followed at once.
 */
export interface Dialer {
  /** Throws `StatusError`: NotFound when there is no such pod, ServiceUnavailable while it has no address. */
  pod(namespace: string, name: string, port: number, scheme?: Scheme): Promise<HttpTarget>;
  /** `port` is a service port's number or name. Only endpoints that are pods count; throws ServiceUnavailable when none is ready. */
  service(namespace: string, name: string, port: number | string, scheme?: Scheme): Promise<HttpTarget>;
  /** The node agent's own API; with a port, whatever else listens there. */
  node(name: string, port?: number, scheme?: Scheme): Promise<HttpTarget>;
}

export type Scheme = 'http' | 'https';
