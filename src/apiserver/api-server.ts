import type { Client, ObjectKey } from '../client/client.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../machinery/metrics.ts';
import type { Draft, KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import { notFound, resourceNotServed } from '../machinery/status-errors.ts';
import { define } from '../resources/define.ts';
import type { ResourceDefinition } from '../resources/definition.ts';
import type { Store } from '../store/store.ts';
import type { HttpRequest, HttpResponse, UpgradeResponse } from '../wire/http.ts';
import type { HttpConnection, HttpHandler } from '../wire/http-handler.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { Authentication } from './authn/authentication.ts';
import { Impersonation } from './authn/impersonation.ts';
import { AuthorizerChain } from './authz/authorizer-chain.ts';
import { requireAuthorized } from './authz/require-authorized.ts';
import { DirectClient } from './direct-client.ts';
import { DiscoveryPaths } from './discovery/discovery-paths.ts';
import { FlowControl, type FlowLimits } from './http/flow-control.ts';
import { HttpFront } from './http/http-front.ts';
import { PathRouter } from './http/path-router.ts';
import { RequestMetrics } from './http/request-metrics.ts';
import { ResourceHandler } from './http/resource-handler.ts';
import type {
  ComputedHandler,
  ConnectHandler,
  ObjectChanger,
  PathHandler,
  ReviewHandler,
  SubresourceHandler,
  WriteHook,
} from './registry/extension-points.ts';
import { Extensions } from './registry/extensions.ts';
import { ResourceServer } from './registry/resource-server.ts';
import { type ResourceCoordinates, ServedResources } from './registry/served-resources.ts';
import type { Authenticator, Authorizer, RequestInfo, UserInfo } from './request.ts';
import { RequestGate } from './request-gate.ts';

/** What is plugged into the server from outside. Absent: none of it. */
interface ServerParts {
  /** Asked in this order. */
  readonly authenticators?: readonly Authenticator[];
  /** The first that has an opinion decides; when none has, the answer is no. */
  readonly authorizers?: readonly Authorizer[];
  /** In the order in which they run. */
  readonly admission?: readonly AdmissionPlugin[];
  readonly writeHooks?: readonly WriteHook[];
  readonly subresourceHandlers?: readonly SubresourceHandler[];
  readonly reviewHandlers?: readonly ReviewHandler[];
  readonly connectHandlers?: readonly ConnectHandler[];
  /** Each with a definition among `definitions`. */
  readonly computedHandlers?: readonly ComputedHandler[];
  readonly pathHandlers?: readonly PathHandler[];
}

export interface ApiServerOptions extends ServerParts {
  readonly store: Store;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics?: MetricRegistry;
  readonly definitions: readonly ResourceDefinition[];
  /** Whether requests without credentials go on as `system:anonymous`. True unless given. */
  readonly anonymous?: boolean;
  /** Objects that clients share are frozen, so that tests find out who changes one in place. */
  readonly freezeObjects?: boolean;
  readonly flowLimits?: FlowLimits;
  /** `host:port` as clients reach this server, for discovery. */
  readonly serverAddress?: () => string;
}

/** Definitions that come and go while the server runs; discovery and watches follow. */
export interface LiveDefinitions {
  /** Moves on with every change. */
  readonly generation: number;
  /** Calls back after each change. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  all(): Iterable<{ readonly definition: ResourceDefinition }>;
  install(definition: ResourceDefinition): Promise<void>;
  replace(definition: ResourceDefinition): Promise<void>;
  remove(type: ResourceCoordinates): void;
}

/** The API server apart from sockets: requests go in as values, and direct clients call it without any. */
export class ApiServer implements HttpHandler, ObjectChanger {
  readonly definitions: LiveDefinitions;
  readonly #options: ApiServerOptions;
  readonly #served: ServedResources;
  readonly #resources: ResourceServer;
  readonly #gate: RequestGate;
  readonly #front: HttpFront;
  readonly #reviews: readonly ResourceType[];

  constructor(options: ApiServerOptions) {
    const { store, environment, logger, metrics = silentMetrics, freezeObjects: freezes = false } = options;
    const { admission = [], reviewHandlers = [], subresourceHandlers = [], connectHandlers = [] } = options;
    const { computedHandlers = [] } = options;
    this.#options = options;
    const authorizer = new AuthorizerChain(options.authorizers ?? []);
    const extensions = new Extensions({ subresourceHandlers, reviewHandlers, connectHandlers, computedHandlers });
    this.#served = new ServedResources({
      store,
      environment,
      logger,
      metrics,
      freezes,
      hooks: options.writeHooks ?? [],
    });
    this.definitions = this.#served;
    const authorize = (user: UserInfo, info: RequestInfo): void => requireAuthorized(authorizer, user, info);
    this.#resources = new ResourceServer(this.#served, { environment, admission, authorize }, extensions);
    const flow = new FlowControl(environment, metrics, options.flowLimits);
    this.#gate = new RequestGate({ environment, authorizer, flow });

    this.#reviews = reviewHandlers.map(({ resource }) => resource);
    const discovery = new DiscoveryPaths(this.#served, extensions, options.serverAddress ?? (() => ''));
    this.#front = new HttpFront({
      environment,
      logger,
      authentication: new Authentication({
        authenticators: options.authenticators ?? [],
        anonymous: options.anonymous ?? true,
      }),
      impersonation: new Impersonation(authorizer),
      authorizer,
      resources: this.#served,
      resourceHandler: new ResourceHandler(this.#gate, this.#resources, extensions),
      paths: new PathRouter(discovery, options.pathHandlers ?? []),
      metrics: new RequestMetrics(environment, metrics),
    });
  }

  /** Reads what the store has; resolves when every resource can be read. */
  async start(): Promise<void> {
    await this.#served.feed.start();
    const { definitions } = this.#options;
    const reviews = this.#reviews
      .filter((type) => !definitions.some((each) => sameResource(each.type, type)))
      .map((type) => define(type, { validateName: () => [] }));
    await Promise.all([...definitions, ...reviews].map((definition) => this.#served.install(definition)));
  }

  /** Forgets states of before a revision, in the store and in memory: who lists by one of them begins anew. */
  async compact(revision: number): Promise<void> {
    await this.#options.store.compact(revision);
    this.#served.feed.forget(revision);
  }

  /** Ends all watches. The store stays open: it belongs to the caller. */
  stop(): void {
    this.#served.stop();
  }

  /** Answers a request that came over a connection. Never throws: errors are answers too. */
  fetch(request: HttpRequest, connection: HttpConnection): Promise<HttpResponse> {
    return this.#front.fetch(request, connection);
  }

  upgrade(request: HttpRequest, connection: HttpConnection): Promise<UpgradeResponse> {
    return this.#front.upgrade(request, connection);
  }

  async change<T extends KubeObject>(
    type: ResourceType<T>,
    { namespace = '', name }: ObjectKey,
    transform: (live: T) => Draft<T>,
    options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    const stored = this.#served.find(type)?.stored;
    if (stored === undefined) throw resourceNotServed();
    const { storage, view } = stored;
    const result = await storage.change(
      storage.format.key(namespace, name),
      async (current) => {
        if (current === undefined) throw notFound(type, name);
        const object = transform(view.of(current).object as T) as Draft<KubeObject>;
        return { type: 'put', object: view.toStorage(object), reservation: undefined };
      },
      options,
    );
    return view.of(result.object).object as T;
  }

  /** A client that acts as this user without leaving the process. `userAgent` names the field manager where a write does not. */
  client(user: UserInfo, userAgent = 'stuurman'): Client {
    return this.#directClient(user, userAgent, true);
  }

  /** The same for objects that come from anywhere, with faults that types do not keep out. */
  uncheckedClient(user: UserInfo, userAgent = 'stuurman'): Client {
    return this.#directClient(user, userAgent, false);
  }

  #directClient(user: UserInfo, userAgent: string, isTyped: boolean): Client {
    const http = {
      fetch: (request: HttpRequest) => this.#front.fetchAs(user, request),
      upgrade: (request: HttpRequest) => this.#front.upgradeAs(user, request),
    };
    return new DirectClient({ gate: this.#gate, resources: this.#resources, user, userAgent, http, isTyped });
  }
}

function sameResource(a: ResourceCoordinates, b: ResourceCoordinates): boolean {
  return a.group === b.group && a.version === b.version && a.resource === b.resource;
}
