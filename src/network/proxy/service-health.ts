import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { HttpServer } from '../../wire/http-server.ts';

export interface ServiceHealthOptions {
  readonly environment: Environment;
  /** Whether the rules of this node are as the API says. */
  healthy(): boolean;
  /** A port could not be had. */
  failed(service: string, port: number, error: Error): void;
}

interface Check {
  readonly port: number;
  localEndpoints: number;
  /** Undefined when the port could not be had; it is tried again with the service's next change. */
  server: Promise<HttpServer | undefined>;
}

/**
 * Answers load balancers that ask, on the `healthCheckNodePort` of a service, whether this node has endpoints of it: 200 when it has, 503
 * when it has none, with the words that kube-proxy uses.
 */
export class ServiceHealth {
  readonly #options: ServiceHealthOptions;
  readonly #checks = new Map<string, Check>();

  constructor(options: ServiceHealthOptions) {
    this.#options = options;
  }

  /** `service` is `namespace/name`; port 0: it is not asked for. */
  set(service: string, port: number, localEndpoints: number): void {
    const existing = this.#checks.get(service);
    if (existing?.port === port) {
      existing.localEndpoints = localEndpoints;
      return;
    }
    const closed = this.#close(existing);
    this.#checks.delete(service);
    if (port === 0) return;
    const check: Check = { port, localEndpoints, server: Promise.resolve(undefined) };
    check.server = closed.then(() => this.#listen(service, check));
    this.#checks.set(service, check);
  }

  async stop(): Promise<void> {
    const checks = [...this.#checks.values()];
    this.#checks.clear();
    await Promise.all(checks.map((check) => this.#close(check)));
  }

  async #close(check: Check | undefined): Promise<void> {
    await (await check?.server)?.close();
  }

  async #listen(service: string, check: Check): Promise<HttpServer | undefined> {
    if (this.#checks.get(service) !== check) return undefined;
    try {
      return await HttpServer.start({
        environment: this.#options.environment,
        address: { host: '0.0.0.0', port: check.port },
        handler: { fetch: async () => this.#answer(service, check.localEndpoints) },
      });
    } catch (error) {
      this.#options.failed(service, check.port, error as Error);
      // So that the next change tries again.
      if (this.#checks.get(service) === check) this.#checks.delete(service);
      return undefined;
    }
  }

  #answer(service: string, localEndpoints: number): HttpResponse {
    const [namespace, name] = service.split('/');
    const healthy = this.#options.healthy();
    const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: healthy };
    return {
      status: localEndpoints > 0 && healthy ? 200 : 503,
      headers: {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      },
      body: new TextEncoder().encode(JSON.stringify(body, undefined, '\t')),
    };
  }
}
