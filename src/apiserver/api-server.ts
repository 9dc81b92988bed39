import type { Client } from '../client/client.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../machinery/metrics.ts';
import { serviceUnavailable } from '../machinery/status-errors.ts';
import type { ResourceDefinition } from '../resources/definition.ts';
import type { Store } from '../store/store.ts';
import type { HttpTarget } from '../wire/http.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { AuthorizerChain } from './authz/authorizer-chain.ts';
import { requireAuthorized } from './authz/require-authorized.ts';
import { DirectClient } from './direct-client.ts';
import { FlowControl, type FlowLimits } from './http/flow-control.ts';
import type { WriteHook } from './registry/extension-points.ts';
import { ResourceServer } from './registry/resource-server.ts';
import { type ResourceCoordinates, ServedResources } from './registry/served-resources.ts';
import type { Authorizer, UserInfo } from './request.ts';
import { RequestGate } from './request-gate.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics?: MetricRegistry;
  readonly definitions: readonly ResourceDefinition[];
  /** The first that has an opinion decides. */
  readonly authorizers: readonly Authorizer[];
  /** In the order in which they run. */
  readonly admission: readonly AdmissionPlugin[];
  readonly writeHooks?: readonly WriteHook[];
  readonly flowLimits?: FlowLimits;
}

/** Definitions that come and go while the server runs; discovery and watches follow. */
export interface LiveDefinitions {
  install(definition: ResourceDefinition): Promise<void>;
  replace(definition: ResourceDefinition): Promise<void>;
  remove(type: ResourceCoordinates): void;
}

/** The API server apart from sockets: requests go in as values, and direct clients call it without any. */
export class ApiServer {
  readonly definitions: LiveDefinitions;
  readonly #options: ApiServerOptions;
  readonly #resources: ServedResources;
  readonly #gate: RequestGate;

  constructor(options: ApiServerOptions) {
    const { store, environment, logger, metrics = silentMetrics } = options;
    this.#options = options;
    this.#resources = new ServedResources({ store, environment, logger, hooks: options.writeHooks ?? [] });
    this.definitions = this.#resources;
    const authorizer = new AuthorizerChain(options.authorizers);
    const resources = new ResourceServer(this.#resources, {
      environment,
      admission: options.admission,
      authorize: (user, info) => requireAuthorized(authorizer, user, info),
    });
    const flow = new FlowControl(environment, metrics, options.flowLimits);
    this.#gate = new RequestGate({ environment, authorizer, flow, resources });
  }

  /** Reads what the store has; resolves when every resource can be read. */
  async start(): Promise<void> {
    await this.#resources.feed.start();
    await Promise.all(this.#options.definitions.map((definition) => this.#resources.install(definition)));
  }

  /** Ends all watches. The store stays open: it belongs to the caller. */
  stop(): void {
    this.#resources.stop();
  }

  /** A client that acts as this user without leaving the process. */
  client(user: UserInfo, userAgent = 'stuurman'): Client {
    return new DirectClient({ gate: this.#gate, user, userAgent, http: notYet });
  }
}

const unavailable = async (): Promise<never> => {
  throw serviceUnavailable('this server answers no paths');
};
const notYet: HttpTarget = { fetch: unavailable, upgrade: unavailable };
