import { sameContent } from '../../machinery/apply/same-content.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import type { LeaseId, Operation, Store } from '../../store/store.ts';
import type { ResourceCache } from '../watch/resource-cache.ts';
import type { Cancellable } from './call.ts';
import type { EventLeases } from './event-leases.ts';
import type { StoredFormat } from './stored-format.ts';
import { StoredObject } from './stored-object.ts';

/** What a write wants to become of the object it was shown. */
export type Change =
  | { readonly type: 'put'; readonly object: Draft<KubeObject>; readonly reservation?: Reservation | undefined }
  | { readonly type: 'delete'; readonly reservation?: Reservation | undefined }
  /** Leave it as it is. */
  | { readonly type: 'keep' };

interface Reservation {
  commit(): void;
  rollback(): void;
}

/** How a write ended. `object`: the state after it; of a deleted object the last one, under the revision of the delete. */
export interface ChangeResult {
  readonly object: StoredObject;
  readonly created: boolean;
  readonly deleted: boolean;
}

/** `newest`: somebody else was faster, and this is what there is now. */
type Outcome = { readonly result: ChangeResult } | { readonly newest: StoredObject | undefined };

/** Exactly one of the two is there. */
export interface CreateResult {
  readonly created: StoredObject | undefined;
  readonly existing: StoredObject | undefined;
}

export interface ChangeOptions {
  readonly dryRun: boolean;
  /** For whom it is done; looked at before another attempt. */
  readonly request?: Cancellable | undefined;
}

/**
 * Writes to one resource as compare-and-set transactions. A write is first tried on what the cache has; only when that turns out
 * to be old, or leads to an error, the store is asked, so that nobody is refused because of stale data.
 */
export class ResourceStorage {
  readonly cache: ResourceCache;
  readonly format: StoredFormat;
  readonly #store: Store;
  readonly #leases: EventLeases | undefined;

  constructor(cache: ResourceCache, store: Store, leases: EventLeases | undefined) {
    this.cache = cache;
    this.format = cache.format;
    this.#store = store;
    this.#leases = leases;
  }

  /** Writes a new object, or answers the one that has its key already. */
  async create(key: string, object: Draft<KubeObject>, options: ChangeOptions): Promise<CreateResult> {
    await this.cache.loaded();
    this.#label(object);
    const bytes = this.format.encode(object as KubeObject);
    if (!options.dryRun) {
      const { written, newest } = await this.#put(key, object, bytes, 0);
      return { created: written, existing: newest };
    }
    const existing = await this.#read(key);
    if (existing !== undefined) return { created: undefined, existing };
    return { created: new StoredObject(this.format, key, bytes, 0, object as KubeObject), existing };
  }

  /**
   * Shows the current object (undefined: there is none) to `attempt` until what it wants can be written. What `attempt` throws is
   * thrown when the object it was shown is really the current one. A put that changes nothing is not written.
   */
  async change(
    key: string,
    attempt: (current: StoredObject | undefined) => Promise<Change>,
    options: ChangeOptions,
  ): Promise<ChangeResult> {
    await this.cache.loaded();
    let current = this.cache.peek(key);
    let certain = false;
    for (;;) {
      let change: Change;
      try {
        change = await attempt(current);
      } catch (error) {
        if (certain) throw error;
        const newest = await this.#read(key);
        if (newest?.revision === current?.revision) throw error;
        current = newest;
        certain = true;
        continue;
      }
      const outcome = await settle(change, options.dryRun, () => this.#perform(key, current, change, options));
      if ('result' in outcome) return outcome.result;
      options.request?.signal?.throwIfAborted();
      current = outcome.newest;
      certain = true;
    }
  }

  async #perform(
    key: string,
    current: StoredObject | undefined,
    change: Change,
    options: ChangeOptions,
  ): Promise<Outcome> {
    const unchanged =
      change.type === 'keep' ||
      (change.type === 'put' && current !== undefined && sameContent(change.object as KubeObject, current.object));
    if (unchanged || options.dryRun) return this.#verify(key, current, unchanged ? undefined : change);
    if (change.type === 'put') {
      this.#label(change.object);
      const bytes = this.format.encode(change.object as KubeObject);
      const { written, newest } = await this.#put(key, change.object, bytes, current?.revision ?? 0);
      if (written === undefined) return { newest };
      return { result: { object: written, created: current === undefined, deleted: false } };
    }
    if (current === undefined) throw new Error(`${key} cannot be deleted: it does not exist`);
    const operations: readonly Operation[] = [{ type: 'delete', key }];
    const compare = [{ key, modRevision: current.revision }];
    const committed = await this.#store.commit({ compare, operations, readOnFailure: true });
    if (!committed.succeeded) return { newest: this.#fromEntry(committed.current?.[0]) };
    return { result: { object: current.at(committed.revision), created: false, deleted: true } };
  }

  /** Nothing is to be written: all that matters is that `current` is really what there is. */
  async #verify(key: string, current: StoredObject | undefined, change: Change | undefined): Promise<Outcome> {
    const newest = await this.#read(key);
    if (newest?.revision !== current?.revision) return { newest };
    if (change?.type === 'put') {
      const bytes = this.format.encode(change.object as KubeObject);
      const revision = current?.revision ?? 0;
      const object = new StoredObject(this.format, key, bytes, revision);
      return { result: { object, created: current === undefined, deleted: false } };
    }
    if (current === undefined) throw new Error(`${key} cannot be kept: it does not exist`);
    return { result: { object: current, created: false, deleted: change?.type === 'delete' } };
  }

  async #put(
    key: string,
    object: Draft<KubeObject>,
    bytes: Uint8Array<ArrayBuffer>,
    revision: number,
  ): Promise<{ readonly written?: StoredObject; readonly newest?: StoredObject | undefined }> {
    const lease = await this.#leases?.lease();
    this.cache.expectWrite(bytes, object);
    const committed = await this.#store.commit({
      compare: [{ key, modRevision: revision }],
      operations: [put(key, bytes, lease)],
      readOnFailure: true,
    });
    if (!committed.succeeded) return { newest: this.#fromEntry(committed.current?.[0]) };
    const cached = this.cache.peek(key);
    if (cached?.revision === committed.revision) return { written: cached };
    object.metadata.resourceVersion = String(committed.revision);
    return { written: new StoredObject(this.format, key, bytes, committed.revision, object as KubeObject) };
  }

  /** The draft becomes the parsed form of the bytes, so it says what they say. */
  #label(object: Draft<KubeObject>): void {
    object.kind = this.format.type.kind;
    object.apiVersion = apiVersionOf(this.format.type);
  }

  /** What the store has now: the cache knows as soon as it has caught up. */
  async #read(key: string): Promise<StoredObject | undefined> {
    const { tree } = await this.cache.fresh();
    return tree.get(key);
  }

  #fromEntry(
    entry:
      | { readonly key: string; readonly value: Uint8Array<ArrayBufferLike>; readonly modRevision: number }
      | undefined,
  ): StoredObject | undefined {
    if (entry === undefined) return undefined;
    const cached = this.cache.peek(entry.key);
    if (cached?.revision === entry.modRevision) return cached;
    return new StoredObject(this.format, entry.key, entry.value, entry.modRevision);
  }
}

/** Tells those who reserved something for the change how it ended. */
async function settle(change: Change, dryRun: boolean, perform: () => Promise<Outcome>): Promise<Outcome> {
  const reservation = change.type === 'keep' ? undefined : change.reservation;
  let written = false;
  try {
    const outcome = await perform();
    written = 'result' in outcome && !dryRun;
    return outcome;
  } finally {
    if (written) reservation?.commit();
    else reservation?.rollback();
  }
}

function put(key: string, value: Uint8Array<ArrayBuffer>, lease: LeaseId | undefined): Operation {
  return { type: 'put', key, value, ...(lease !== undefined && { lease }) };
}
