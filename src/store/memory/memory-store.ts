import type { Environment } from '../../machinery/environment/environment.ts';
import { LeaseClock } from '../lease-clock.ts';
import {
  type CommitResult,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type GetResult,
  type LeaseId,
  type Operation,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  type Store,
  type StoreEvent,
  type Transaction,
  type WatchHandle,
  type WatchSink,
} from '../store.ts';
import { revisionOf, WatchHub } from '../watch-hub.ts';
import { SortedKeys } from './sorted-keys.ts';

/** One value of a key; `entry` undefined: it was deleted at this revision. */
interface KeyVersion {
  readonly revision: number;
  readonly entry: Entry | undefined;
}

/** The store in memory: for tests, for the library and for virtual time. Nothing in it waits. */
export class MemoryStore implements Store {
  readonly #environment: Environment;
  readonly #hub: WatchHub;
  readonly #leases: LeaseClock;
  /** Every version that has not been compacted, oldest first. */
  readonly #versions = new Map<string, KeyVersion[]>();
  readonly #keys = new SortedKeys();
  readonly #leaseKeys = new Map<LeaseId, Set<string>>();
  readonly #leaseTtls = new Map<LeaseId, number>();
  #log: StoreEvent[] = [];
  #revision = 1;
  #compacted = 0;
  #nextLease = 1;
  #closed = false;

  constructor(options: { readonly environment: Environment }) {
    this.#environment = options.environment;
    this.#hub = new WatchHub(options.environment, this.#revision);
    this.#leases = new LeaseClock(options.environment, (due) => this.#expire(due));
  }

  async get(key: string, options: ReadOptions = {}): Promise<GetResult> {
    options.signal?.throwIfAborted();
    const revision = this.#readRevision(options.revision);
    return { entry: this.#entryAt(key, revision), revision: this.#revision };
  }

  async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    options.signal?.throwIfAborted();
    const revision = this.#readRevision(options.revision);
    const limit = options.limit !== undefined && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
    const entries: Entry[] = [];
    let count = 0;
    for (const key of this.#keys.between(start, end)) {
      const entry = this.#entryAt(key, revision);
      if (entry === undefined) continue;
      count++;
      if (options.countOnly !== true && entries.length < limit) entries.push(entry);
    }
    return { entries, count, more: options.countOnly !== true && count > entries.length, revision: this.#revision };
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    this.#assertOpen();
    const holds = transaction.compare.every(
      ({ key, modRevision }) => (this.#newest(key)?.modRevision ?? 0) === modRevision,
    );
    if (!holds) {
      const current = transaction.compare.map(({ key }) => this.#newest(key));
      return { succeeded: false, revision: this.#revision, ...(transaction.readOnFailure === true && { current }) };
    }
    for (const operation of transaction.operations) this.#assertLease(operation);
    const revision = this.#revision + 1;
    const events = transaction.operations.flatMap((operation) => this.#apply(operation, revision));
    if (events.length > 0) {
      this.#revision = revision;
      this.#log.push(...events);
      this.#hub.dispatch(revision, events);
    }
    return { succeeded: true, revision: this.#revision };
  }

  async watch(start: string, end: string, fromRevision: number, sink: WatchSink): Promise<WatchHandle> {
    this.#assertOpen();
    if (fromRevision < this.#compacted) throw new CompactedError(this.#compacted);
    return this.#hub.watch(start, end, sink, () => this.#log.slice(this.#logIndexAfter(fromRevision)));
  }

  async currentRevision(): Promise<number> {
    return this.#revision;
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#log = this.#log.slice(this.#logIndexAfter(revision));
    for (const [key, versions] of this.#versions) {
      const kept = versions.findLastIndex((version) => version.revision <= revision);
      const first = kept >= 0 && versions[kept]?.entry === undefined ? kept + 1 : kept;
      if (first > 0) versions.splice(0, first);
      if (versions.length > 0) continue;
      this.#versions.delete(key);
      this.#keys.delete(key);
    }
  }

  async grantLease(ttlSeconds: number): Promise<LeaseId> {
    this.#assertOpen();
    const lease = this.#nextLease++;
    this.#leaseTtls.set(lease, ttlSeconds);
    this.#leaseKeys.set(lease, new Set());
    await this.renewLease(lease);
    return lease;
  }

  async renewLease(lease: LeaseId): Promise<void> {
    const ttlSeconds = this.#leaseTtls.get(lease);
    if (ttlSeconds === undefined) throw new Error(`lease ${lease} does not exist: it has expired or was revoked`);
    this.#leases.set(lease, this.#environment.now() + ttlSeconds * 1000);
  }

  async revokeLease(lease: LeaseId): Promise<void> {
    this.#expire([lease]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.stop();
    this.#hub.close();
  }

  #apply(operation: Operation, revision: number): readonly StoreEvent[] {
    const { key } = operation;
    const previous = this.#newest(key);
    if (operation.type === 'delete') {
      if (previous === undefined) return [];
      this.#versions.get(key)?.push({ revision, entry: undefined });
      this.#detach(key, previous);
      return [{ type: 'delete', key, revision, previous }];
    }
    const entry: Entry = {
      key,
      value: operation.value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      ...(operation.lease !== undefined && { lease: operation.lease }),
    };
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [{ revision, entry }]);
      this.#keys.add(key);
    } else versions.push({ revision, entry });
    this.#detach(key, previous);
    if (operation.lease !== undefined) this.#leaseKeys.get(operation.lease)?.add(key);
    return [{ type: 'put', entry, previous }];
  }

  #detach(key: string, previous: Entry | undefined): void {
    if (previous?.lease !== undefined) this.#leaseKeys.get(previous.lease)?.delete(key);
  }

  #expire(leases: readonly LeaseId[]): void {
    const operations: Operation[] = [];
    for (const lease of leases) {
      for (const key of this.#leaseKeys.get(lease) ?? []) operations.push({ type: 'delete', key });
      this.#leaseKeys.delete(lease);
      this.#leaseTtls.delete(lease);
      this.#leases.delete(lease);
    }
    if (operations.length > 0 && !this.#closed) void this.commit({ compare: [], operations });
  }

  #newest(key: string): Entry | undefined {
    return this.#versions.get(key)?.at(-1)?.entry;
  }

  #entryAt(key: string, revision: number): Entry | undefined {
    if (revision >= this.#revision) return this.#newest(key);
    return this.#versions.get(key)?.findLast((version) => version.revision <= revision)?.entry;
  }

  #readRevision(asked: number | undefined): number {
    this.#assertOpen();
    if (asked === undefined || asked === 0) return this.#revision;
    if (asked > this.#revision) throw new FutureRevisionError(asked, this.#revision);
    if (asked < this.#compacted) throw new CompactedError(this.#compacted);
    return asked;
  }

  /** Where in the log the first event after `revision` stands. */
  #logIndexAfter(revision: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = this.#log[middle];
      if (event !== undefined && revisionOf(event) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #assertLease(operation: Operation): void {
    if (operation.type === 'put' && operation.lease !== undefined && !this.#leaseTtls.has(operation.lease)) {
      throw new Error(`lease ${operation.lease} does not exist: it has expired or was revoked`);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the store is closed');
  }
}
