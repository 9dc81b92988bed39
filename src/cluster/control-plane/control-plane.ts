import type { KeyObject } from 'node:crypto';
import { ServiceAllocator } from '../../apiserver/allocators/service-allocator.ts';
import { ServiceRepair } from '../../apiserver/allocators/service-repair.ts';
import { ApiServer } from '../../apiserver/api-server.ts';
import type { StaticToken } from '../../apiserver/authn/static-tokens.ts';
import { bootstrapEntriesText } from '../../apiserver/bootstrap/bootstrap-entries.generated.ts';
import { DefaultServiceCIDR } from '../../apiserver/bootstrap/default-service-cidr.ts';
import { ensureBootstrap } from '../../apiserver/bootstrap/ensure-bootstrap.ts';
import { ExtensionAuthentication } from '../../apiserver/bootstrap/extension-authentication.ts';
import { keepFlowConfiguration } from '../../apiserver/bootstrap/flow-configuration.ts';
import { KubernetesService } from '../../apiserver/bootstrap/kubernetes-service.ts';
import { seedStore } from '../../apiserver/bootstrap/seed-store.ts';
import { componentStatuses } from '../../apiserver/health/component-statuses.ts';
import { type HealthCheck, StartupCheck } from '../../apiserver/health/health-check.ts';
import { HealthEndpoint } from '../../apiserver/health/health-endpoint.ts';
import { HealthOutcomes } from '../../apiserver/health/health-outcomes.ts';
import { metricsEndpoint } from '../../apiserver/health/metrics-endpoint.ts';
import { OpenApiV2 } from '../../apiserver/openapi/openapi-v2.ts';
import { OpenApiV3 } from '../../apiserver/openapi/openapi-v3.ts';
import { ServedDocuments } from '../../apiserver/openapi/served-documents.ts';
import { PodBindings } from '../../apiserver/pods/pod-bindings.ts';
import { PodEvictions } from '../../apiserver/pods/pod-evictions.ts';
import type { ObjectChanger } from '../../apiserver/registry/extension-points.ts';
import type { UserInfo } from '../../apiserver/request.ts';
import { MetricsScraper } from '../../apiserver/resource-metrics/metrics-scraper.ts';
import { resourceMetrics } from '../../apiserver/resource-metrics/resource-metrics.ts';
import { streamingHandlers } from '../../apiserver/streaming/streaming-handlers.ts';
import { openIdDiscovery } from '../../apiserver/tokens/openid-discovery.ts';
import { secretTokenIssuer, writeSecretTokenClaims } from '../../apiserver/tokens/secret-token-claims.ts';
import { TokenIssuer } from '../../apiserver/tokens/token-issuer.ts';
import type { Client, Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { QueuedEventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import { SeriesEventRecorder } from '../../client/series-event-recorder.ts';
import {
  type ControllerSettings,
  type RunningControllers,
  startControllers,
} from '../../controllers/start-controllers.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../../machinery/metrics.ts';
import { addressAt, parseRange, subrange } from '../../network/ipv4.ts';
import { builtInDefinitions, componentStatusDefinitions, metricsDefinitions } from '../../resources/built-in.ts';
import { ipAddresses, serviceCIDRs } from '../../resources/schema/resource-types.generated.ts';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import { Scheduler } from '../../scheduler/scheduler.ts';
import type { Store } from '../../store/store.ts';
import type { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { type ClusterFacts, publishClusterFacts } from './cluster-facts.ts';
import { publishClusterInfo } from './cluster-info.ts';
import { discoveryOf } from './discovery-of.ts';
import { LateClient } from './late-client.ts';
import { ownEntriesText } from './own-entries.generated.ts';
import { ensureOwnObjects } from './own-objects.ts';
import { createSecurity, type Security } from './security.ts';
import { componentUser, serverUser, serviceAccountUser } from './users.ts';

export interface ControlPlaneOptions {
  readonly environment: Environment;
  /** Closed by whoever opened it. */
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  /** Where health checks count how they turn out; apart, for it is read often. Absent: nowhere. */
  readonly healthMetrics?: MetricRegistry | undefined;
  readonly podRange: string;
  readonly serviceRange: string;
  /** Signs tokens of ServiceAccounts. */
  readonly serviceAccountKey: KeyObject;
  /** PEM of the authority that clients of this cluster trust; published to every namespace. */
  readonly authorityPem: string;
  /** PEM of the authority by which a front proxy proves itself to extension servers; absent: there is none. */
  readonly frontProxyAuthorityPem?: string | undefined;
  /** Signs certificate requests; asked each time. */
  readonly authority: () => CertificateAuthority;
  /** URLs under which machines that want to join reach the server; none: nobody can. */
  readonly joinServers?: readonly string[] | undefined;
  /** What nodes on other machines have to know; absent: there can be none. */
  readonly nodeFacts?: Omit<ClusterFacts, 'servers'> | undefined;
  readonly staticTokens?: readonly StaticToken[] | undefined;
  /** Where pods reach the server; absent while nobody does. */
  readonly endpoint?: { readonly address: string; readonly port: number } | undefined;
  /** The port at which every node's name server listens; absent: there is none. */
  readonly dnsPort?: number | undefined;
  readonly volumeDirectory: string;
  /** The machine it runs on, for those who say which of several they are; `simulated` unless given. */
  readonly hostname?: string | undefined;
  readonly nodeLifecycle?: ControllerSettings['nodeLifecycle'];
  /** As pods and other machines reach the server at the moment: `https://192.0.2.2:6443`. */
  readonly serverUrl?: (() => string) | undefined;
  /** The way to nodes, pods and services, given how to read the API as the server itself; absent: there is none, and no streams. */
  readonly dialer?: ((reader: Reader) => Dialer) | undefined;
  /** What is served of metrics, each page by its path. */
  readonly metricPages?: Readonly<Record<string, () => Promise<string>>> | undefined;
}

const tokenIssuerUrl = 'https://kubernetes.default.svc.cluster.local';

const nodePrefix = 24;
const compactEveryMs = 5 * 60_000;
/** The offset in the service range at which the cluster's name server is found, as everywhere. */
const dnsOffset = 10;

/** The control plane in one process: API server, scheduler and controllers on one store. */
export class ControlPlane {
  readonly api: ApiServer;
  /** As the server itself. */
  readonly serverClient: Client;
  readonly #options: ControlPlaneOptions;
  readonly #security: Security;
  readonly #securityInformers: InformerFactory;
  readonly #startSecurity: (client: Client) => void;
  readonly #allocator: ServiceAllocator;
  readonly #bootstrapped = new StartupCheck('poststarthook/rbac/bootstrap-roles');
  readonly #factories: InformerFactory[] = [];
  readonly #scraper: MetricsScraper | undefined;
  #service: KubernetesService | undefined;
  #controllers: RunningControllers | undefined;
  #scheduler: Scheduler | undefined;
  readonly #issuer: TokenIssuer;
  #stopParts: (() => Promise<void> | void)[] = [];

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    const { environment, store, logger, metrics, serviceRange } = options;
    const client = new LateClient();
    // What decides about requests begins to follow the API when every cluster's roles are there.
    const following = new LateClient();
    this.#startSecurity = following.set;
    this.#securityInformers = this.#informers(following);
    const serverUrl = options.serverUrl ?? (() => '');
    const issuer = new TokenIssuer({ issuer: tokenIssuerUrl, signingKey: options.serviceAccountKey });
    this.#issuer = issuer;
    this.#allocator = new ServiceAllocator({
      reader: client,
      environment,
      clusterIPRanges: [serviceRange],
      serviceCIDRs: this.#securityInformers.informer(serviceCIDRs),
      ipAddresses: this.#securityInformers.informer(ipAddresses),
    });
    this.#security = createSecurity({
      client,
      informers: this.#securityInformers,
      environment,
      issuer,
      staticTokens: options.staticTokens ?? [],
    });
    const { authenticators, authorizer, admission, reviews, subresources } = this.#security;
    const dialer = options.dialer?.(client);
    const connects = dialer === undefined ? [] : streamingHandlers(client, dialer);
    this.#scraper = dialer && new MetricsScraper({ reader: client, dialer, environment, logger });
    const usage =
      this.#scraper === undefined ? [] : resourceMetrics({ reader: client, scraper: this.#scraper, environment });
    const changer: ObjectChanger = { change: (...args) => this.api.change(...args) };
    const podBindings = new PodBindings(changer, environment);
    const subresourceHandlers = [...subresources, podBindings, new PodEvictions(client, changer, environment)];
    const documents = new ServedDocuments({
      served: {
        get generation() {
          return api.definitions.generation;
        },
        all: () => api.definitions.all(),
      },
      subresources: subresourceHandlers,
      connects,
      schemas: builtInSchemas,
    });
    const api: ApiServer = new ApiServer({
      environment,
      store,
      logger,
      metrics,
      definitions: [
        ...builtInDefinitions,
        ...componentStatusDefinitions,
        ...(this.#scraper === undefined ? [] : metricsDefinitions),
      ],
      authenticators,
      authorizers: [authorizer],
      admission,
      writeHooks: [this.#allocator],
      reviewHandlers: [...reviews, podBindings.legacy],
      subresourceHandlers,
      connectHandlers: connects,
      computedHandlers: [componentStatuses(this.#components(), environment), ...usage],
      pathHandlers: [
        ...this.#healthEndpoints(),
        openIdDiscovery(issuer, serverUrl),
        ...Object.entries(options.metricPages ?? {}).map(([path, render]) => metricsEndpoint(path, render)),
        new OpenApiV2(documents, environment),
        new OpenApiV3(documents, environment),
      ],
      serverAddress: () => serverUrl().replace('https://', ''),
    });
    this.api = api;
    this.serverClient = api.client(serverUser);
    client.set(this.serverClient);
  }

  client(user: UserInfo, userAgent?: string): Client {
    return this.api.client(user, userAgent);
  }

  /** Reads the store and lets requests in: from here on the API answers. */
  async serve(): Promise<void> {
    const client = this.serverClient;
    const { store, environment } = this.#options;
    const isNew = await seedStore(store, environment, [bootstrapEntriesText, ownEntriesText]);
    await this.api.start();
    if (!isNew) {
      await ensureBootstrap(client);
      await ensureOwnObjects(client);
    }
    this.#startSecurity(client);
    await this.#securityInformers.synced();
    this.#bootstrapped.done();
  }

  /** Starts everything that acts on the API: controllers, scheduler, upkeep. */
  async work(): Promise<void> {
    const { environment, logger, metrics, serviceRange, endpoint } = this.#options;
    const client = this.serverClient;
    await this.#publish(this.#options.joinServers ?? []);
    await this.#tellExtensions(client);
    const defaultRange = new DefaultServiceCIDR({ client, environment, logger, cidrs: [serviceRange] });
    await defaultRange.start();
    this.#stopParts.push(() => defaultRange.stop());
    this.#stopParts.push(keepFlowConfiguration({ client, environment, logger }));
    if (endpoint !== undefined) {
      const clusterIP = addressAt(parseRange(serviceRange), 1);
      const service = new KubernetesService({ client, environment, logger, clusterIP, ...endpoint });
      await service.start();
      this.#service = service;
      this.#stopParts.push(() => service.stop());
    }
    const repairEvents = new QueuedEventRecorder({
      client,
      environment,
      logger,
      metrics,
      source: { component: 'ipallocator-repair-controller' },
    });
    const repair = new ServiceRepair({
      allocator: this.#allocator,
      reader: client,
      recorder: repairEvents,
      environment,
      logger,
    });
    repair.start();
    this.#stopParts.push(
      () => repair.stop(),
      () => repairEvents.stop(),
    );
    this.#scraper?.start();
    this.#stopParts.push(async () => this.#scraper?.stop());
    this.#controllers = this.#startControllers();
    this.#scheduler = await this.#startScheduler();
    this.#startCompaction();
  }

  async #tellExtensions(client: Client): Promise<void> {
    const { environment, logger, authorityPem: clientAuthorityPem, frontProxyAuthorityPem } = this.#options;
    const trust = { clientAuthorityPem, frontProxyAuthorityPem };
    const authentication = new ExtensionAuthentication({ client, environment, logger, ...trust });
    await authentication.start();
    this.#stopParts.push(() => authentication.stop());
  }

  /** Pods and nodes find the server at other addresses from here on: `address` leads to it from pods. */
  async moveTo(address: string, servers: readonly string[]): Promise<void> {
    await this.#service?.moveTo(address);
    await this.#publish(servers);
  }

  async #publish(servers: readonly string[]): Promise<void> {
    const { nodeFacts, authorityPem } = this.#options;
    if (servers.length === 0) return;
    await publishClusterInfo(this.serverClient, servers, authorityPem);
    if (nodeFacts !== undefined) await publishClusterFacts(this.serverClient, { ...nodeFacts, servers });
  }

  /** Ends everything in the reverse order of its start. */
  async stop(): Promise<void> {
    await this.#scheduler?.stop();
    await this.#controllers?.stop();
    for (const stop of this.#stopParts.reverse()) await stop();
    this.#security.close();
    // Where serving did not come about, what follows the API still waits for it.
    this.#startSecurity(this.serverClient);
    await Promise.all(this.#factories.map((factory) => factory.stop()));
    this.api.stop();
  }

  #healthEndpoints(): readonly HealthEndpoint[] {
    const { logger, healthMetrics = silentMetrics } = this.#options;
    const outcomes = new HealthOutcomes(healthMetrics);
    const ping: HealthCheck = { name: 'ping', check: () => {} };
    const checks = [ping, this.#storeCheck('etcd'), this.#bootstrapped];
    return ['healthz', 'livez', 'readyz'].map((name) => new HealthEndpoint(name, checks, logger, outcomes));
  }

  #storeCheck(name: string): HealthCheck {
    return { name, check: async () => void (await this.#options.store.currentRevision()) };
  }

  /** Under the names that Kubernetes has for them. */
  #components(): readonly HealthCheck[] {
    const running = (name: string, part: () => unknown): HealthCheck => ({
      name,
      check() {
        if (part() === undefined) throw new Error(`the ${name} does not run`);
      },
    });
    return [
      running('controller-manager', () => this.#controllers),
      running('scheduler', () => this.#scheduler),
      this.#storeCheck('etcd-0'),
    ];
  }

  #startControllers(): RunningControllers {
    const { environment, logger, metrics, podRange, serviceRange, dnsPort, volumeDirectory, nodeLifecycle } =
      this.#options;
    const pods = parseRange(podRange);
    const nodes = 2 ** Math.max(0, nodePrefix - pods.prefix);
    const nodeRanges = Array.from({ length: nodes }, (_, index) => {
      const { first, prefix } = subrange(pods, Math.max(nodePrefix, pods.prefix), index);
      return `${addressAt({ first, prefix }, 0)}/${prefix}`;
    });
    const dns =
      dnsPort === undefined ? undefined : { clusterIp: addressAt(parseRange(serviceRange), dnsOffset), port: dnsPort };
    return startControllers({
      clientFor: (account) => this.client(serviceAccountUser('kube-system', account), 'kube-controller-manager'),
      informers: this.#informers(this.client(componentUser('kube-controller-manager'))),
      environment,
      logger,
      metrics,
      settings: {
        discovery: discoveryOf(this.api.definitions),
        certificates: this.#options.authorityPem,
        authority: this.#options.authority,
        signSecretToken: (claims) => this.#issuer.sign(writeSecretTokenClaims(claims), secretTokenIssuer),
        nodeRanges,
        volumeDirectory,
        dns,
        nodeLifecycle,
      },
    });
  }

  async #startScheduler(): Promise<Scheduler> {
    const { environment, logger, metrics } = this.#options;
    const client = this.client(componentUser('kube-scheduler'), 'kube-scheduler');
    const component = 'default-scheduler';
    const instance = `${component}-${this.#options.hostname ?? 'simulated'}`;
    const recorder = new SeriesEventRecorder({ client, environment, logger, metrics, component, instance });
    this.#stopParts.push(() => recorder.stop());
    const scheduler = new Scheduler({
      client,
      informers: this.#informers(client),
      environment,
      logger,
      metrics,
      recorder,
    });
    await scheduler.start();
    return scheduler;
  }

  #informers(client: Client): InformerFactory {
    const { environment, logger } = this.#options;
    const factory = createInformerFactory({ client, environment, logger });
    this.#factories.push(factory);
    return factory;
  }

  /** History is kept for five to ten minutes, for watches that come back. */
  #startCompaction(): void {
    const { environment, store, logger } = this.#options;
    const { api } = this;
    let due = 0;
    const compaction = new Rounds({
      environment,
      intervalMs: compactEveryMs,
      async round() {
        const current = await store.currentRevision();
        if (due > 0) await api.compact(due);
        due = current;
      },
      failed: (err) => logger.error('the store was not compacted', { err }),
    });
    compaction.start();
    this.#stopParts.push(() => compaction.stop());
  }
}
