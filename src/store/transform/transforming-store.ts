import type {
  CommitResult,
  Entry,
  GetResult,
  LeaseId,
  Operation,
  RangeOptions,
  RangeResult,
  ReadOptions,
  Store,
  StoreEvent,
  Transaction,
  ValueTransformer,
  WatchHandle,
  WatchSink,
} from '../store.ts';

/** A store whose values pass through a transformer on their way in and out. */
export class TransformingStore implements Store {
  readonly #inner: Store;
  readonly #transformer: ValueTransformer;

  constructor(inner: Store, transformer: ValueTransformer) {
    this.#inner = inner;
    this.#transformer = transformer;
  }

  async get(key: string, options?: ReadOptions): Promise<GetResult> {
    const { entry, revision } = await this.#inner.get(key, options);
    return { entry: this.#optional(entry), revision };
  }

  async range(start: string, end: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#inner.range(start, end, options);
    return { ...result, entries: result.entries.map((entry) => this.#entry(entry)) };
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    const operations = transaction.operations.map(
      (operation): Operation =>
        operation.type === 'put'
          ? { ...operation, value: this.#transformer.toStore(operation.key, operation.value) }
          : operation,
    );
    const { current, ...result } = await this.#inner.commit({ ...transaction, operations });
    return current === undefined ? result : { ...result, current: current.map((entry) => this.#optional(entry)) };
  }

  watch(start: string, end: string, fromRevision: number, sink: WatchSink): Promise<WatchHandle> {
    return this.#inner.watch(start, end, fromRevision, {
      events: (events) => sink.events(events.map((event) => this.#event(event))),
      progress: (revision) => sink.progress(revision),
      closed: (error) => sink.closed(error),
    });
  }

  currentRevision(): Promise<number> {
    return this.#inner.currentRevision();
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision);
  }

  grantLease(ttlSeconds: number): Promise<LeaseId> {
    return this.#inner.grantLease(ttlSeconds);
  }

  renewLease(lease: LeaseId): Promise<void> {
    return this.#inner.renewLease(lease);
  }

  revokeLease(lease: LeaseId): Promise<void> {
    return this.#inner.revokeLease(lease);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #event(event: StoreEvent): StoreEvent {
    const previous = this.#optional(event.previous);
    return event.type === 'put' ? { ...event, entry: this.#entry(event.entry), previous } : { ...event, previous };
  }

  #optional(entry: Entry | undefined): Entry | undefined {
    return entry === undefined ? undefined : this.#entry(entry);
  }

  #entry(entry: Entry): Entry {
    return { ...entry, value: this.#transformer.fromStore(entry.key, entry.value) };
  }
}
