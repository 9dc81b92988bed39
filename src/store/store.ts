/**
 * The revisioned key-value store: etcd's semantics, narrow. One global revision counts transactions that wrote;
 * it never goes back. A write is acknowledged only when durable.
 */
export interface Store {
  /** One key. `revision` 0 means now; the answer is linearizable then. */
  get(key: string, options?: ReadOptions): Promise<GetResult>;
  /** Keys with `start` <= key < `end`, in byte order. Throws `CompactedError` for a revision that is gone. */
  range(start: string, end: string, options?: RangeOptions): Promise<RangeResult>;
  /** All comparisons hold, or nothing is written. */
  commit(transaction: Transaction): Promise<CommitResult>;
  /**
   * Every change with `start` <= key < `end` after `fromRevision` (exclusive), in revision order, without gaps; changes of one
   * transaction arrive together. Throws `CompactedError` when history does not reach that far back.
   */
  watch(start: string, end: string, fromRevision: number, sink: WatchSink): Promise<WatchHandle>;
  /** The newest revision, linearizable: no write acknowledged before the call has a higher one. */
  currentRevision(): Promise<number>;
  /** Forgets history before `revision`; the newest value of every key stays. */
  compact(revision: number): Promise<void>;
  /** A lease: keys attached to it are deleted when `ttlSeconds` pass without renewal. */
  grantLease(ttlSeconds: number): Promise<LeaseId>;
  renewLease(lease: LeaseId): Promise<void>;
  revokeLease(lease: LeaseId): Promise<void>;
  /** Waits for writes in flight; watchers get `closed`. */
  close(): Promise<void>;
}

export type LeaseId = number;

export interface ReadOptions {
  readonly revision?: number;
  readonly signal?: AbortSignal;
}

export interface RangeOptions extends ReadOptions {
  /** 0 or absent: no limit. */
  readonly limit?: number;
  /** Only `count`, no entries. */
  readonly countOnly?: boolean;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array<ArrayBufferLike>;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 when created; counts writes since. */
  readonly version: number;
  readonly lease?: LeaseId;
}

export interface GetResult {
  readonly entry: Entry | undefined;
  /** The store's revision when it answered. */
  readonly revision: number;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  /** How many keys are in the range, whatever the limit. */
  readonly count: number;
  readonly more: boolean;
  readonly revision: number;
}

/** Holds when the key's newest mod revision is this; 0 means that the key does not exist. */
export interface Comparison {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Uint8Array<ArrayBufferLike>;
      readonly lease?: LeaseId;
    }
  | { readonly type: 'delete'; readonly key: string };

export interface Transaction {
  readonly compare: readonly Comparison[];
  readonly operations: readonly Operation[];
  /** Also answered, when the comparison failed, with the entries of the compared keys. */
  readonly readOnFailure?: boolean;
}

export interface CommitResult {
  readonly succeeded: boolean;
  /** The revision of this transaction, or the current one when it failed or wrote nothing. */
  readonly revision: number;
  /** With `readOnFailure`: the entry of each comparison's key, in order. */
  readonly current?: readonly (Entry | undefined)[];
}

export type StoreEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous: Entry | undefined }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry | undefined };

export interface WatchSink {
  /** All events of one or more whole transactions, in order. Must not throw and must return quickly. */
  events(events: readonly StoreEvent[]): void;
  /** Every event up to `revision` has been delivered; sent at least every few seconds while nothing changes. */
  progress(revision: number): void;
  /** No more follows: `CompactedError` when the watcher was too slow, undefined when the store was closed. */
  closed(error: Error | undefined): void;
}

export interface WatchHandle {
  /** Nothing is delivered after this returns. */
  cancel(): void;
}

/** The revision asked for has been compacted away. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly compactRevision: number;
  constructor(compactRevision: number) {
    super(`required revision has been compacted; the oldest that is left is ${compactRevision}`);
    this.compactRevision = compactRevision;
  }
}

/** The revision asked for lies ahead of the store. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly currentRevision: number;
  constructor(revision: number, currentRevision: number) {
    super(`revision ${revision} is ahead of the store, which is at ${currentRevision}`);
    this.currentRevision = currentRevision;
  }
}

/** What lies between cache and store: nothing above sees ciphertext, nothing below sees secrets. */
export interface ValueTransformer {
  /** `key` is authenticated along with the value, so that ciphertext cannot be moved to another key. */
  toStore(key: string, value: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike>;
  fromStore(key: string, value: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike>;
}

/** The first key after all keys that start with `prefix`. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}
