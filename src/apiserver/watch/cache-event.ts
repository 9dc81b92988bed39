import type { StoredObject } from '../registry/stored-object.ts';
import type { PersistentTree } from './persistent-tree.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change of one object as the cache remembers it, with what it was encoded to for the watchers. */
export class CacheEvent {
  readonly revision: number;
  /** The state after the change; of a deleted object the last one, under the revision of the delete. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
  readonly deleted: boolean;
  /** All objects of the resource right after this change. */
  readonly tree: PersistentTree<StoredObject>;
  /** `Environment.monotonic()` when it was applied. */
  readonly timeMs: number;
  #before: StoredObject | undefined;
  #encoded: Map<unknown, Uint8Array<ArrayBufferLike>> | undefined;

  constructor(fields: {
    readonly revision: number;
    readonly object: StoredObject;
    readonly previous: StoredObject | undefined;
    readonly deleted: boolean;
    readonly tree: PersistentTree<StoredObject>;
    readonly timeMs: number;
  }) {
    this.revision = fields.revision;
    this.object = fields.object;
    this.previous = fields.previous;
    this.deleted = fields.deleted;
    this.tree = fields.tree;
    this.timeMs = fields.timeMs;
  }

  /** What a watcher sees whose selector matched the object before this change and no longer does. */
  get before(): StoredObject {
    if (this.deleted) return this.object;
    this.#before ??= (this.previous ?? this.object).at(this.revision);
    return this.#before;
  }

  /** Encodes at most once for each key, whoever asks. */
  encoded(key: unknown, encode: () => Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike> {
    this.#encoded ??= new Map();
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const bytes = encode();
    this.#encoded.set(key, bytes);
    return bytes;
  }

  /** Lets go of the encoded forms: every watcher that is not slow has had them. */
  dropEncoded(): void {
    this.#encoded = undefined;
  }
}
