import type { Duplex } from 'node:stream';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { badRequest, serviceUnavailable } from '../../machinery/status-errors.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { endpointSlices, nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { HttpClient, type HttpClientOptions } from '../../wire/http-client.ts';
import type { Reader } from '../client.ts';
import type { Dialer, Scheme } from '../dialer.ts';
import { isProxyableAddress } from './proxyable-address.ts';
import { type Endpoint, portNameOf, readyEndpoints } from './service-endpoints.ts';
import { TargetPool } from './target-pool.ts';

export interface ClusterDialerOptions {
  readonly environment: Environment;
  /** Asked for the object before each connection: an address that changes is followed at once. */
  readonly reader: Reader;
  /** How to prove to node agents who this is, and which authority signs their certificates. */
  readonly nodeTls: ClientTls | (() => ClientTls);
  /** How to connect to an address that no network leads to; undefined for any other address. Asked at each connection. */
  readonly wayTo?: ((address: string) => ((port: number) => Duplex) | undefined) | undefined;
}

/** Which of a node's addresses is taken. */
const addressPreference = ['InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS', 'Hostname'];

/** The port of a node's agent when its status names none. */
const defaultNodePort = 10250;

/** Connects over the network to the addresses that objects name. */
export class ClusterDialer implements Dialer {
  readonly #options: ClusterDialerOptions;
  readonly #nodes = new TargetPool();
  readonly #others = new TargetPool();

  constructor(options: ClusterDialerOptions) {
    this.#options = options;
  }

  async node(name: string, port?: number, scheme: Scheme = 'http'): Promise<HttpTarget> {
    const { reader, nodeTls } = this.#options;
    const node = await reader.get(nodes, { name });
    const address = preferredAddress(node);
    // Kubernetes has no reason in this Status either.
    if (address === undefined) throw new StatusError({ code: 500, message: noAddressMessage(node) });
    if (port !== undefined) return this.#target(scheme, address, port);
    const agentPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultNodePort;
    return this.#client(this.#nodes, address, agentPort, { scheme: 'https', tls: nodeTls });
  }

  async pod(namespace: string, name: string, port: number, scheme: Scheme = 'http'): Promise<HttpTarget> {
    const pod = await this.#options.reader.get(pods, { namespace, name });
    const address = pod.status?.podIP ?? '';
    if (address === '') throw serviceUnavailable(`pod "${name}" has no address`);
    return this.#target(scheme, address, port);
  }

  async service(namespace: string, name: string, port: number | string, scheme: Scheme = 'http'): Promise<HttpTarget> {
    const { environment, reader } = this.#options;
    const portName =
      typeof port === 'string' ? port : portNameOf(await reader.get(services, { namespace, name }), port);
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const { items } = await reader.list(endpointSlices, { namespace, labelSelector });
    const endpoints = readyEndpoints(items, portName);
    const first = Math.floor(environment.random() * endpoints.length);
    for (const endpoint of [...endpoints.slice(first), ...endpoints.slice(0, first)])
      if (await this.#isPod(namespace, endpoint)) return this.#target(scheme, endpoint.address, endpoint.port);
    throw serviceUnavailable(`no endpoints available for service "${name}"`);
  }

  /** Whoever may write endpoints must not lead the API server to where no pod is. */
  async #isPod(namespace: string, { pod: name, address }: Endpoint): Promise<boolean> {
    if (name === undefined) return false;
    try {
      const { status } = await this.#options.reader.get(pods, { namespace, name });
      return status?.podIP === address || (status?.podIPs ?? []).some(({ ip }) => ip === address);
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  /** Closes all connections; requests in flight fail. */
  close(): void {
    this.#nodes.close();
    this.#others.close();
  }

  /**
   * Pods, services and other programs of nodes prove themselves by certificates of their own making, if at all: Kubernetes does not check
   * them, nor whether they speak HTTP by the letter. What one of them says wrong reaches nobody but those who ask it.
   */
  #target(scheme: Scheme, address: string, port: number): HttpTarget {
    if (!isProxyableAddress(address)) throw badRequest('address not allowed');
    return this.#client(this.#others, address, port, { scheme, tls: { insecureSkipVerify: true }, lenient: true });
  }

  #client(
    pool: TargetPool,
    address: string,
    port: number,
    { scheme, ...how }: { readonly scheme: Scheme } & Pick<HttpClientOptions, 'tls' | 'lenient'>,
  ): HttpTarget {
    const { environment, wayTo } = this.#options;
    const options = { environment, url: urlOf(scheme, address, port), ...how };
    const way = wayTo?.(address);
    // One that is opened for each request leaves nothing to keep.
    return way === undefined ? pool.get(options) : new HttpClient({ ...options, open: () => way(port) });
  }
}

function preferredAddress(node: Node): string | undefined {
  const addresses = node.status?.addresses ?? [];
  for (const type of addressPreference) {
    const found = addresses.find((each) => each.type === type && each.address !== '');
    if (found !== undefined) return found.address;
  }
  return undefined;
}

function noAddressMessage(node: Node): string {
  const known = (node.status?.addresses ?? []).map((each) => `{${each.type} ${each.address}}`);
  return `no preferred addresses found; known addresses: [${known.join(' ')}]`;
}

function urlOf(scheme: Scheme, address: string, port: number): string {
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
