import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { serviceUnavailable } from '../../machinery/status-errors.ts';
import { type Entry, prefixEnd, type Store, type StoreEvent } from '../../store/store.ts';
import type { Cancellable } from '../registry/call.ts';
import type { StoredFormat } from '../registry/stored-format.ts';
import { StoredObject } from '../registry/stored-object.ts';
import { CacheEvent } from './cache-event.ts';
import type { ResourceCacheMetrics } from './cache-metrics.ts';
import { defaultRingLimits, EventRing, type RingLimits } from './event-ring.ts';
import { PersistentTree } from './persistent-tree.ts';
import type { StoreFeed } from './store-feed.ts';
import { inScope, transition, type WatchFilter, type WatchItem } from './watch-filter.ts';
import { Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

export interface ResourceCacheOptions {
  readonly format: StoredFormat;
  readonly store: Store;
  readonly feed: StoreFeed;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: ResourceCacheMetrics;
  readonly ringLimits?: RingLimits;
  readonly watchBufferLimit?: number;
}

/** All objects of a resource at one revision. */
export interface Snapshot {
  readonly tree: PersistentTree<StoredObject>;
  readonly revision: number;
}

export interface WatchStart {
  readonly filter: WatchFilter;
  /** Events after this revision; undefined: first everything that is there, as ADDED, and then what follows. `now`: only what follows. */
  readonly after: number | 'now' | undefined;
  /** Send a bookmark that says so when everything that is there has been sent. */
  readonly markInitialEventsEnd: boolean;
  readonly allowBookmarks: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** As many events as may wait for one slow watcher. */
const defaultBufferLimit = 10_000;
const bookmarkIntervalMs = 60_000;
const sweepIntervalMs = 5 * 60_000;
const reloadDelayMs = 1_000;
const pageSize = 5_000;
const objectsPerTurn = 2_000;
/** Selectors may have to parse each of them. */
const objectsPerPause = 500;

/**
 * The objects of one resource as the store has them: an ordered tree that is replaced by every change, the recent events, and those
 * who watch. It is fed by the store alone; a write comes back through the feed like anybody else's.
 */
export class ResourceCache {
  readonly format: StoredFormat;
  readonly #options: ResourceCacheOptions;
  readonly #watchers: WatcherIndex;
  /** Objects on their way through a commit, by their bytes: saves parsing what was just written. */
  readonly #written = new WeakMap<Uint8Array<ArrayBufferLike>, Draft<KubeObject>>();
  #tree = PersistentTree.empty<StoredObject>();
  #ring = new EventRing(0, PersistentTree.empty<StoredObject>());
  /** Revision at which the tree was read; events up to it are in the tree already. */
  #loadedAt = 0;
  /** Events that came while the tree was being read; undefined once it is. */
  #backlog: { readonly event: StoreEvent; readonly revision: number }[] | undefined = [];
  #unsubscribe: (() => void) | undefined;
  #ready = Promise.withResolvers<void>();
  #bookmarkTimer: { cancel(): void } | undefined;
  #sweepTimer: { cancel(): void } | undefined;
  #closed = false;

  constructor(options: ResourceCacheOptions) {
    this.format = options.format;
    this.#options = options;
    this.#watchers = new WatcherIndex(options.format);
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Subscribes and reads everything; others may use the cache at once, their reads wait. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#options.feed.subscribe(this.format.keyPrefix, {
      apply: (event, revision) => this.#receive(event, revision),
      lost: () => this.#lost(),
      reload: () => void this.#reload(),
    });
    this.#armSweep();
    await this.#load();
  }

  /** Ends all watches and forgets everything. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsubscribe?.();
    this.#bookmarkTimer?.cancel();
    this.#sweepTimer?.cancel();
    this.endWatchers();
    this.#ready.resolve();
  }

  /** The state after every write that was acknowledged before the call. */
  async fresh(request?: Cancellable): Promise<Snapshot> {
    await this.#readable();
    await this.#options.feed.fresh(request);
    return this.#snapshot();
  }

  /** A state at or after `revision`; 0: whatever is there. */
  async notOlderThan(revision: number, request?: Cancellable): Promise<Snapshot> {
    await this.#readable();
    await this.#options.feed.reached(revision, request);
    return this.#snapshot();
  }

  /** The state at exactly this revision; undefined when it is no longer known. Throws Timeout when it is not yet reached. */
  async at(revision: number, request?: Cancellable): Promise<Snapshot | undefined> {
    await this.#readable();
    await this.#options.feed.reached(revision, request);
    // What is kept for watches may reach back further than the store, by as long as nothing happens.
    const tree = revision < this.#options.feed.oldest ? undefined : this.#ring.treeAt(revision);
    return tree === undefined ? undefined : { tree, revision };
  }

  /** What is there now, without waiting: good enough to try a write with. */
  peek(key: string): StoredObject | undefined {
    return this.#tree.get(key);
  }

  /** Resolves when the cache has been filled. */
  loaded(): Promise<void> {
    return this.#readable();
  }

  /** Remembers the parsed form of bytes that are about to be committed. */
  expectWrite(bytes: Uint8Array<ArrayBufferLike>, object: Draft<KubeObject>): void {
    this.#written.set(bytes, object);
  }

  /** Throws Expired when history does not reach back to `after`. Only while loaded. */
  watch(start: WatchStart): Watcher {
    if (this.#closed) throw serviceUnavailable(`${this.format.type.resource} are no longer served`);
    const watcher = new Watcher({
      environment: this.#options.environment,
      filter: start.filter,
      initial: this.#initial(start),
      after: typeof start.after === 'number' ? start.after : 0,
      bufferLimit: this.#options.watchBufferLimit ?? defaultBufferLimit,
      allowBookmarks: start.allowBookmarks,
      timeoutMs: start.timeoutMs,
      onLastMoment: (ending) => ending.bookmark(this.#snapshot().revision),
      signal: start.signal,
      onClose: (ended, isSlow) => this.#forget(ended, isSlow),
    });
    if (!watcher.ended) this.#watchers.add(watcher);
    this.#options.metrics.watchers.set(this.#watchers.size);
    this.#armBookmarks();
    return watcher;
  }

  #forget(watcher: Watcher, isSlow: boolean): void {
    const { metrics } = this.#options;
    this.#watchers.remove(watcher);
    metrics.watchers.set(this.#watchers.size);
    if (isSlow) metrics.terminated.add();
  }

  #initial(start: WatchStart): Iterable<WatchItem | undefined> {
    if (start.after === 'now') return [];
    if (start.after !== undefined) return replay(this.format, start.filter, this.#ring.after(start.after));
    const { tree, revision } = this.#snapshot();
    return existing(this.format, start, tree, revision);
  }

  #snapshot(): Snapshot {
    return { tree: this.#tree, revision: Math.max(this.#loadedAt, this.#options.feed.revision) };
  }

  async #readable(): Promise<void> {
    if (this.#backlog !== undefined) await this.#ready.promise;
    if (this.#closed) throw serviceUnavailable(`${this.format.type.resource} are no longer served`);
  }

  async #load(): Promise<void> {
    const { store, environment } = this.#options;
    const end = prefixEnd(this.format.keyPrefix);
    let tree = PersistentTree.empty<StoredObject>();
    let start = this.format.keyPrefix;
    let revision = 0;
    for (let more = true; more; ) {
      const page = await store.range(start, end, { limit: pageSize, ...(revision > 0 && { revision }) });
      if (revision === 0) revision = page.revision;
      for (const [index, entry] of page.entries.entries()) {
        tree = tree.set(entry.key, this.#stored(entry));
        start = `${entry.key}\0`;
        if (index % objectsPerTurn === objectsPerTurn - 1) await environment.turn();
      }
      more = page.more;
    }
    this.#begin(tree, revision);
  }

  /** From here on the cache can be read; what happened meanwhile follows at once. */
  #begin(tree: PersistentTree<StoredObject>, revision: number): void {
    this.#tree = tree;
    this.#loadedAt = revision;
    this.#ring = new EventRing(revision, tree, this.#options.ringLimits ?? defaultRingLimits);
    const backlog = this.#backlog ?? [];
    this.#backlog = undefined;
    this.#options.metrics.objects.set(tree.size);
    for (const { event, revision: at } of backlog) if (at > revision) this.#apply(event, at);
    this.#ready.resolve();
  }

  /** Watchers have to begin anew, like informers do that lost theirs; reads wait. */
  #lost(): void {
    this.endWatchers();
    if (this.#backlog === undefined) this.#ready = Promise.withResolvers();
    this.#backlog = [];
  }

  async #reload(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#load();
        return;
      } catch (error) {
        const { resource } = this.format.type;
        this.#options.logger.error('a resource could not be read from the store', { err: error, resource });
        await this.#options.environment.sleep(reloadDelayMs);
      }
    }
  }

  #receive(event: StoreEvent, revision: number): void {
    if (this.#backlog !== undefined) this.#backlog.push({ event, revision });
    else this.#apply(event, revision);
  }

  #apply(event: StoreEvent, revision: number): void {
    const key = event.type === 'put' ? event.entry.key : event.key;
    const previous = this.#tree.get(key);
    const deleted = event.type === 'delete';
    if (deleted && previous === undefined) return;
    const object = deleted ? (previous as StoredObject).at(revision) : this.#stored(event.entry);
    this.#tree = deleted ? this.#tree.delete(key) : this.#tree.set(key, object);
    const timeMs = this.#options.environment.monotonic();
    const change = new CacheEvent({ revision, object, previous, deleted, tree: this.#tree, timeMs });
    this.#ring.push(change);
    const { metrics } = this.#options;
    metrics.received.add();
    metrics.objects.set(this.#tree.size);
    this.#watchers.dispatch(change);
  }

  #stored(entry: Entry): StoredObject {
    const written = this.#written.get(entry.value);
    const resourceVersion = String(entry.modRevision);
    if (written !== undefined && written.metadata.resourceVersion !== resourceVersion)
      written.metadata.resourceVersion = resourceVersion;
    return new StoredObject(this.format, entry.key, entry.value, entry.modRevision, written as KubeObject | undefined);
  }

  endWatchers(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }

  /** One timer for all watchers, and none while nobody watches. */
  #armBookmarks(): void {
    if (this.#bookmarkTimer !== undefined || this.#closed) return;
    this.#bookmarkTimer = this.#options.environment.setTimer(bookmarkIntervalMs, () => {
      this.#bookmarkTimer = undefined;
      const { revision } = this.#snapshot();
      for (const watcher of this.#watchers) watcher.bookmark(revision);
      if (this.#watchers.size > 0) this.#armBookmarks();
    });
  }

  #armSweep(): void {
    if (this.#closed) return;
    this.#sweepTimer = this.#options.environment.setTimer(sweepIntervalMs, () => void this.#sweep());
  }

  /** Lets go of parsed objects that nobody has looked at since the last sweep. */
  async #sweep(): Promise<void> {
    let seen = 0;
    for (const object of this.#tree.between(this.format.keyPrefix, prefixEnd(this.format.keyPrefix))) {
      object.dropUnused();
      if (++seen % objectsPerTurn === 0) await this.#options.environment.turn();
    }
    for (const event of this.#ring) if (this.#tree.get(event.object.key) !== event.object) event.object.dropUnused();
    this.#armSweep();
  }
}

function* existing(
  format: StoredFormat,
  start: WatchStart,
  tree: PersistentTree<StoredObject>,
  revision: number,
): Generator<WatchItem | undefined, void> {
  const { filter } = start;
  const prefix = format.prefix(filter.namespace);
  let seen = 0;
  for (const object of tree.between(prefix, prefixEnd(prefix))) {
    if (++seen % objectsPerPause === 0) yield undefined;
    if (!inScope(format, filter, object.key)) continue;
    if (filter.matches !== undefined && !filter.matches(object)) continue;
    yield { type: 'ADDED', object, event: undefined };
  }
  if (start.markInitialEventsEnd) yield { type: 'BOOKMARK', revision, initialEventsEnd: true };
}

function* replay(
  format: StoredFormat,
  filter: WatchFilter,
  events: readonly CacheEvent[],
): Generator<WatchItem | undefined, void> {
  let seen = 0;
  for (const event of events) {
    if (++seen % objectsPerPause === 0) yield undefined;
    if (!inScope(format, filter, event.object.key)) continue;
    const item = transition(filter, event);
    if (item !== undefined) yield item;
  }
}
