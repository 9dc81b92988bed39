import type { KeyObject } from 'node:crypto';
import { ServiceAllocator } from '../../apiserver/allocators/service-allocator.ts';
import { ServiceRepair } from '../../apiserver/allocators/service-repair.ts';
import { ApiServer } from '../../apiserver/api-server.ts';
import type { StaticToken } from '../../apiserver/authn/static-tokens.ts';
import { ensureBootstrap } from '../../apiserver/bootstrap/ensure-bootstrap.ts';
import { KubernetesService } from '../../apiserver/bootstrap/kubernetes-service.ts';
import type { UserInfo } from '../../apiserver/request.ts';
import { TokenIssuer } from '../../apiserver/tokens/token-issuer.ts';
import type { Client, Reader } from '../../client/client.ts';
import { QueuedEventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import {
  type ControllerSettings,
  type RunningControllers,
  startControllers,
} from '../../controllers/start-controllers.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { MetricRegistry } from '../../machinery/metrics.ts';
import { addressAt, parseRange, subrange } from '../../network/ipv4.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';
import { namespaces } from '../../resources/schema/resource-types.generated.ts';
import { Scheduler } from '../../scheduler/scheduler.ts';
import type { Store } from '../../store/store.ts';
import { LateAdmission, LateAuthorizer } from './late-bound.ts';
import { ensureOwnObjects } from './own-objects.ts';
import { createSecurity, type Security } from './security.ts';
import { componentUser, serverUser, serviceAccountUser } from './users.ts';

export interface ControlPlaneOptions {
  readonly environment: Environment;
  /** Closed by whoever opened it. */
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly podRange: string;
  readonly serviceRange: string;
  /** Signs tokens of ServiceAccounts. */
  readonly serviceAccountKey: KeyObject;
  /** PEM of the authority that clients of this cluster trust; published to every namespace. */
  readonly authorityPem: string;
  readonly staticTokens?: readonly StaticToken[] | undefined;
  /** Where pods reach the server; absent while nobody does. */
  readonly endpoint?: { readonly address: string; readonly port: number } | undefined;
  /** The port at which every node's name server listens; absent: there is none. */
  readonly dnsPort?: number | undefined;
  readonly volumeDirectory: string;
  readonly nodeLifecycle?: ControllerSettings['nodeLifecycle'];
}

export const tokenIssuerUrl = 'https://kubernetes.default.svc.cluster.local';

const nodePrefix = 24;
const compactEveryMs = 5 * 60_000;
/** The offset in the service range at which the cluster's name server is found, as everywhere. */
const dnsOffset = 10;

/** The control plane in one process: API server, scheduler and controllers on one store. */
export class ControlPlane {
  readonly api: ApiServer;
  readonly #options: ControlPlaneOptions;
  readonly #authorizer = new LateAuthorizer();
  readonly #admission = new LateAdmission();
  readonly #allocator: ServiceAllocator;
  readonly #issuer: TokenIssuer;
  readonly #factories: InformerFactory[] = [];
  #security: Security | undefined;
  #controllers: RunningControllers | undefined;
  #scheduler: Scheduler | undefined;
  #stopParts: (() => Promise<void> | void)[] = [];
  #compactTimer: { cancel(): void } | undefined;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    const { environment, store, logger, metrics, serviceRange } = options;
    // The allocators read through the server that they are part of.
    const reader: Reader = {
      get: (...args) => this.client(serverUser).get(...args),
      list: (...args) => this.client(serverUser).list(...args),
    };
    this.#allocator = new ServiceAllocator({ reader, environment, clusterIPRanges: [serviceRange] });
    this.#issuer = new TokenIssuer({ issuer: tokenIssuerUrl, signingKey: options.serviceAccountKey });
    this.api = new ApiServer({
      environment,
      store,
      logger,
      metrics,
      definitions: builtInDefinitions,
      authorizers: [this.#authorizer],
      admission: [this.#admission],
      writeHooks: [this.#allocator],
    });
  }

  client(user: UserInfo, userAgent?: string): Client {
    return this.api.client(user, userAgent);
  }

  /** Reads the store and lets requests in: from here on the API answers. */
  async serve(): Promise<void> {
    const { environment, staticTokens = [] } = this.#options;
    await this.api.start();
    const client = this.client(serverUser);
    const informers = this.#informers(client);
    this.#security = createSecurity({ client, informers, environment, issuer: this.#issuer, staticTokens });
    const firstStart = (await client.list(namespaces, { limit: 1 })).items.length === 0;
    await ensureBootstrap(client);
    await ensureOwnObjects(client, firstStart);
    await informers.synced();
    this.#authorizer.set(this.#security.authorizer);
    this.#admission.set(this.#security.admission);
  }

  /** Starts everything that acts on the API: controllers, scheduler, upkeep. */
  async work(): Promise<void> {
    const { environment, logger, metrics, serviceRange, endpoint } = this.#options;
    const client = this.client(serverUser);
    if (endpoint !== undefined) {
      const clusterIP = addressAt(parseRange(serviceRange), 1);
      const service = new KubernetesService({ client, environment, logger, clusterIP, ...endpoint });
      await service.start();
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
    this.#controllers = this.#startControllers();
    this.#scheduler = await this.#startScheduler();
    this.#compactLater(0);
  }

  /** Ends everything in the reverse order of its start. */
  async stop(): Promise<void> {
    this.#compactTimer?.cancel();
    await this.#scheduler?.stop();
    await this.#controllers?.stop();
    for (const stop of this.#stopParts.reverse()) await stop();
    this.#security?.close();
    await Promise.all(this.#factories.map((factory) => factory.stop()));
    this.api.stop();
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
        resources: builtInDefinitions.map(({ type, verbs }) => ({ type, verbs })),
        certificates: this.#options.authorityPem,
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
    const recorder = new QueuedEventRecorder({
      client,
      environment,
      logger,
      metrics,
      source: { component: 'default-scheduler' },
    });
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
  #compactLater(revision: number): void {
    const { environment, store, logger } = this.#options;
    this.#compactTimer = environment.setTimer(compactEveryMs, () => {
      void (async () => {
        try {
          const current = await store.currentRevision();
          if (revision > 0) await store.compact(revision);
          this.#compactLater(current);
        } catch (error) {
          logger.error('the store was not compacted', { err: error });
          this.#compactLater(revision);
        }
      })();
    });
  }
}
