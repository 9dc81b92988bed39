import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { tooLargeResourceVersion } from '../../machinery/status-errors.ts';
import { prefixEnd, type Store, type StoreEvent, type WatchHandle } from '../../store/store.ts';
import type { Cancellable } from '../registry/call.ts';

/** Receives the changes below one key prefix. */
export interface FeedConsumer {
  /** One change, in order; `revision` is its transaction's. */
  apply(event: StoreEvent, revision: number): void;
  /** History was lost: what is known may be old, and everything will have to be read again. */
  lost(): void;
  /** The feed goes on from here: time to read. */
  reload(): void;
}

interface Waiter {
  readonly revision: number;
  resolve(): void;
}

/** Everything the API server keeps lies below this. */
const root = '/';
/** How long a read waits for a revision before it is told that the revision is too large, as Kubernetes does. */
const freshnessTimeoutMs = 3_000;
const retryMs = 1_000;

/**
 * One watch of the whole store, handed out by key prefix. Because it sees every transaction, its revision keeps up with the
 * store's, and a consistent read of any resource only has to wait for that.
 */
export class StoreFeed {
  readonly #store: Store;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #consumers = new Map<string, FeedConsumer>();
  #waiters: Waiter[] = [];
  #handle: WatchHandle | undefined;
  #revision = 0;
  #oldest = 0;
  #closed = false;

  constructor(options: { readonly store: Store; readonly environment: Environment; readonly logger: Logger }) {
    this.#store = options.store;
    this.#environment = options.environment;
    this.#logger = options.logger;
  }

  /** Every change up to this revision has been handed out. */
  get revision(): number {
    return this.#revision;
  }

  /** No state of before this revision is to be told of. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Told what the store was compacted to. */
  forget(revision: number): void {
    this.#oldest = Math.max(this.#oldest, revision);
  }

  async start(): Promise<void> {
    const revision = await this.#store.currentRevision();
    this.#handle = await this.#store.watch(root, prefixEnd(root), revision, {
      events: (events) => this.#dispatch(events),
      progress: (reached) => this.#advance(reached),
      closed: (error) => this.#lost(error),
    });
    this.#advance(revision);
  }

  stop(): void {
    this.#closed = true;
    this.#handle?.cancel();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** One consumer for each prefix; prefixes do not lie within one another. */
  subscribe(prefix: string, consumer: FeedConsumer): () => void {
    if (this.#consumers.has(prefix)) throw new Error(`${prefix} has a consumer already`);
    this.#consumers.set(prefix, consumer);
    return () => void this.#consumers.delete(prefix);
  }

  /** Resolves when every write that was acknowledged before the call has been handed out: what a consistent read waits for. */
  async fresh(request?: Cancellable): Promise<number> {
    const revision = await this.#store.currentRevision();
    await this.reached(revision, request);
    return revision;
  }

  /** Throws Timeout (`Too large resource version`) when the revision is not reached in time. */
  async reached(revision: number, request?: Cancellable): Promise<void> {
    if (this.#revision >= revision) return;
    const signal = request?.signal;
    const deadline = this.#environment.deadline(freshnessTimeoutMs, signal);
    const waited = Promise.withResolvers<void>();
    const waiter: Waiter = { revision, resolve: waited.resolve };
    this.#waiters.push(waiter);
    deadline.signal.addEventListener('abort', () => waited.resolve(), { once: true });
    await waited.promise;
    deadline.cancel();
    signal?.throwIfAborted();
    if (this.#revision >= revision) return;
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    throw tooLargeResourceVersion(revision, this.#revision);
  }

  #dispatch(events: readonly StoreEvent[]): void {
    let revision = this.#revision;
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      revision = event.type === 'put' ? event.entry.modRevision : event.revision;
      this.#consumerOf(key)?.apply(event, revision);
    }
    this.#advance(revision);
  }

  /** Prefixes end with the second, third or fourth slash of a key. */
  #consumerOf(key: string): FeedConsumer | undefined {
    for (let slash = key.indexOf('/', 1); slash > 0; slash = key.indexOf('/', slash + 1)) {
      const consumer = this.#consumers.get(key.slice(0, slash + 1));
      if (consumer !== undefined) return consumer;
    }
    return undefined;
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of ready) waiter.resolve();
  }

  #lost(error: Error | undefined): void {
    if (this.#closed || error === undefined) return;
    this.#logger.warn('the watch of the store was lost; reading everything again', { err: error });
    this.#handle?.cancel();
    for (const consumer of this.#consumers.values()) consumer.lost();
    void this.#restart();
  }

  async #restart(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.start();
        for (const consumer of this.#consumers.values()) consumer.reload();
        return;
      } catch (error) {
        this.#logger.error('the store could not be watched', { err: error });
        await this.#environment.sleep(retryMs);
      }
    }
  }
}
