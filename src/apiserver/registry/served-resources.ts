import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { MetricRegistry } from '../../machinery/metrics.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Store } from '../../store/store.ts';
import { CacheMetrics } from '../watch/cache-metrics.ts';
import { ResourceCache } from '../watch/resource-cache.ts';
import { StoreFeed } from '../watch/store-feed.ts';
import { EventLeases } from './event-leases.ts';
import type { WriteHook } from './extension-points.ts';
import { ObjectView } from './object-view.ts';
import { ResourceStorage } from './resource-storage.ts';
import { StoredFormat } from './stored-format.ts';
import type { StoredResource } from './write-scope.ts';

/** A resource as it is served now; `stored` is absent for kinds that are answered and never kept. */
export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly stored: StoredResource | undefined;
}

interface SharedStorage {
  readonly storage: ResourceStorage;
  users: number;
}

/** Names a resource within one version of one group. */
export type ResourceCoordinates = Pick<ResourceType, 'group' | 'version' | 'resource'>;

/**
 * The resources that are served right now. Definitions come and go while the server runs: discovery looks here each time, watches
 * of a resource that is replaced or removed end, and two definitions with one key prefix share one cache.
 */
export class ServedResources {
  readonly feed: StoreFeed;
  readonly #store: Store;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #hooks: readonly WriteHook[];
  readonly #metrics: CacheMetrics;
  readonly #freezes: boolean;
  readonly #resources = new Map<string, ServedResource>();
  readonly #storages = new Map<string, SharedStorage>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;

  constructor(options: {
    readonly store: Store;
    readonly environment: Environment;
    readonly logger: Logger;
    readonly metrics: MetricRegistry;
    readonly hooks: readonly WriteHook[];
    readonly freezes: boolean;
  }) {
    this.#store = options.store;
    this.#environment = options.environment;
    this.#logger = options.logger;
    this.#hooks = options.hooks;
    this.#freezes = options.freezes;
    this.#metrics = new CacheMetrics(options.metrics);
    this.feed = new StoreFeed(options);
  }

  /** Counts changes: what was derived from the definitions is old when this has moved on. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls back after each change. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  find(type: ResourceCoordinates): ServedResource | undefined {
    return this.#resources.get(coordinates(type));
  }

  servesGroup(group: string): boolean {
    for (const { definition } of this.#resources.values()) if (definition.type.group === group) return true;
    return false;
  }

  /** In the order of installation. */
  all(): Iterable<ServedResource> {
    return this.#resources.values();
  }

  /** Serves a resource; resolves when its objects have been read. Throws when it is served already. */
  async install(definition: ResourceDefinition): Promise<void> {
    const key = coordinates(definition.type);
    if (this.#resources.has(key)) throw new Error(`${key} is served already`);
    const loading = this.#attach(definition);
    this.#resources.set(key, { definition, stored: this.#stored(definition) });
    this.#generation++;
    await loading;
    this.#tell();
  }

  /** Serves a resource by a new definition; its watches end, so that clients see it by the new one. */
  async replace(definition: ResourceDefinition): Promise<void> {
    const key = coordinates(definition.type);
    const old = this.#resources.get(key);
    if (old === undefined) throw new Error(`${key} is not served`);
    const loading = this.#attach(definition);
    this.#resources.set(key, { definition, stored: this.#stored(definition) });
    this.#generation++;
    old.stored?.storage.cache.endWatchers();
    this.#detach(old.definition);
    await loading;
    this.#tell();
  }

  /** Stops serving a resource. Its objects stay in the store. */
  remove(type: ResourceCoordinates): void {
    const key = coordinates(type);
    const served = this.#resources.get(key);
    if (served === undefined) throw new Error(`${key} is not served`);
    this.#resources.delete(key);
    this.#generation++;
    served.stored?.storage.cache.endWatchers();
    this.#detach(served.definition);
    this.#tell();
  }

  stop(): void {
    for (const { storage } of this.#storages.values()) storage.cache.close();
    this.feed.stop();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #stored(definition: ResourceDefinition): StoredResource | undefined {
    const shared = definition.storage && this.#storages.get(definition.storage.keyPrefix);
    if (shared === undefined) return undefined;
    const { group, resource } = definition.type;
    return {
      definition,
      storage: shared.storage,
      view: new ObjectView(definition, shared.storage.format),
      hooks: this.#hooks.filter((hook) => hook.resource.group === group && hook.resource.resource === resource),
    };
  }

  async #attach(definition: ResourceDefinition): Promise<void> {
    if (definition.storage === undefined) return;
    const { keyPrefix, conversion, timeToLiveSeconds } = definition.storage;
    const known = this.#storages.get(keyPrefix);
    if (known !== undefined) {
      known.users++;
      return known.storage.cache.loaded();
    }
    const format = new StoredFormat(conversion?.storedAs ?? definition.type, keyPrefix, this.#freezes);
    const cache = new ResourceCache({
      store: this.#store,
      environment: this.#environment,
      logger: this.#logger,
      feed: this.feed,
      metrics: this.#metrics.of(format.type),
      format,
    });
    const leases =
      timeToLiveSeconds === undefined ? undefined : new EventLeases(this.#store, this.#environment, timeToLiveSeconds);
    this.#storages.set(keyPrefix, { storage: new ResourceStorage(cache, this.#store, leases), users: 1 });
    await cache.start();
  }

  #detach(definition: ResourceDefinition): void {
    const prefix = definition.storage?.keyPrefix ?? '';
    const shared = this.#storages.get(prefix);
    if (shared === undefined) return;
    shared.users--;
    if (shared.users > 0) return;
    shared.storage.cache.close();
    this.#storages.delete(prefix);
  }
}

function coordinates(type: ResourceCoordinates): string {
  return `${apiVersionOf(type)}/${type.resource}`;
}
