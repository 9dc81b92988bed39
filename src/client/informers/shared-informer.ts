import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import type { BackOffOptions } from '../back-off.ts';
import type { Reader, Watcher } from '../client.ts';
import type { Informer, InformerHandler, InformerOptions } from '../informer.ts';
import { cacheKey, IndexedCache } from './indexed-cache.ts';
import { Reflector } from './reflector.ts';

export interface SharedInformerOptions<T extends KubeObject> extends InformerOptions<T> {
  readonly client: Reader & Watcher;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly type: ResourceType<T>;
  readonly streamInitialState: boolean;
  /** How to wait after failures. */
  readonly backOff: BackOffOptions;
}

/** So many objects of a list are taken in before others get their turn. */
const replaceBatch = 500;

/**
 * An `Informer` that begins when it is made. Handlers are called one after the other, in the order in which they were added,
 * before the next change is taken in; one that throws is logged and does not disturb the others.
 */
export class SharedInformer<T extends KubeObject> implements Informer<T> {
  readonly type: ResourceType<T>;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #cache = new IndexedCache<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;

  constructor(options: SharedInformerOptions<T>) {
    const { client, environment, type, projection, streamInitialState, backOff } = options;
    this.type = type;
    this.#environment = environment;
    this.#logger = options.logger.child({ informer: groupResource(type) });
    for (const [name, index] of Object.entries(options.indexes ?? {})) this.#cache.addIndex(name, index);
    // Nobody may be waiting when it is stopped.
    this.#synced.promise.catch(() => {});
    const { namespace, labelSelector, fieldSelector } = options;
    const reflector = new Reflector<T>({
      client,
      environment,
      logger: this.#logger,
      type,
      projection,
      streamInitialState,
      backOff,
      selection: { namespace, labelSelector, fieldSelector },
      sink: {
        replace: (objects) => this.#replace(objects),
        upsert: (object) => this.#upsert(object),
        remove: (object) => this.#remove(cacheKey(object.metadata), object),
      },
    });
    this.#running = reflector.run(this.#stop.signal);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get size(): number {
    return this.#cache.size;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#cache.get(name, namespace);
  }

  list(namespace?: string): Iterable<T> {
    return this.#cache.list(namespace);
  }

  byIndex(index: string, value: string): Iterable<T> {
    return this.#cache.byIndex(index, value);
  }

  /** Throws when another function already has the name. */
  addIndexes(indexes: NonNullable<InformerOptions<T>['indexes']>): void {
    for (const [name, index] of Object.entries(indexes)) this.#cache.addIndex(name, index);
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#synced.promise;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#synced.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    return promise;
  }

  addHandler(handler: InformerHandler<T>): () => void {
    for (const object of this.#cache.list()) this.#guard(() => handler.added?.(object));
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  async stop(): Promise<void> {
    const reason = new DOMException(`the informer of ${groupResource(this.type)} was stopped`, 'AbortError');
    this.#stop.abort(reason);
    this.#synced.reject(reason);
    await this.#running;
    this.#handlers.clear();
  }

  async #replace(objects: readonly T[]): Promise<void> {
    const gone = new Set(this.#cache.keys());
    let taken = 0;
    for (const object of objects) {
      gone.delete(cacheKey(object.metadata));
      this.#upsert(object);
      taken += 1;
      if (taken % replaceBatch === 0) await this.#environment.turn();
    }
    for (const key of gone) this.#remove(key, undefined);
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #upsert(object: T): void {
    const key = cacheKey(object.metadata);
    const before = this.#cache.getByKey(key);
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) this.#remove(key, undefined);
    const old = this.#cache.set(key, object);
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    for (const handler of this.#handlers) {
      this.#guard(() => (old === undefined ? handler.added?.(object) : handler.updated?.(object, old)));
    }
  }

  /** `final`: the state in which it was deleted, where the server told it. */
  #remove(key: string, final: T | undefined): void {
    const old = this.#cache.delete(key);
    if (old === undefined) return;
    for (const handler of this.#handlers) this.#guard(() => handler.deleted?.(final ?? old));
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error('a handler of an informer failed', { err: error });
    }
  }
}
