import type { Worker } from 'node:worker_threads';
import type { Environment } from '../../machinery/environment/environment.ts';
import { LeaseClock } from '../lease-clock.ts';
import type {
  CommitResult,
  GetResult,
  LeaseId,
  RangeOptions,
  RangeResult,
  ReadOptions,
  Store,
  StoreEvent,
  Transaction,
  WatchHandle,
  WatchSink,
} from '../store.ts';
import { WatchHub } from '../watch-hub.ts';
import type { CommitOutcome } from './database.ts';
import { startStoreThread, WorkerConnection } from './worker-connection.ts';

interface PendingCommit {
  readonly transaction: Transaction;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
}

/** Transactions that are made durable by one sync at the most. */
const batchLimit = 512;

/**
 * The embedded durable store: one SQLite file in a thread of its own. Transactions that arrive while a sync is under way go
 * into the next one together, so that many writers share its cost.
 */
export class SqliteStore implements Store {
  readonly #environment: Environment;
  readonly #connection: WorkerConnection;
  readonly #hub: WatchHub;
  readonly #leases: LeaseClock;
  #queue: PendingCommit[] = [];
  #committing: Promise<void> | undefined;
  #closed = false;

  private constructor(environment: Environment, connection: WorkerConnection, revision: number) {
    this.#environment = environment;
    this.#connection = connection;
    this.#hub = new WatchHub(environment, revision);
    this.#leases = new LeaseClock(environment, (due) => void this.#endLeases(due).catch(() => {}));
  }

  /**
   * Opens or makes the file, and holds it alone; in a thread that is there already, where one is given. Throws `StoreOpenError`, with what to do
   * about it.
   */
  static async open(options: {
    readonly file: string;
    readonly environment: Environment;
    readonly thread?: Worker | undefined;
  }): Promise<SqliteStore> {
    const { connection, opened } = await WorkerConnection.open(options.file, options.thread ?? startStoreThread());
    const store = new SqliteStore(options.environment, connection, opened.revision);
    for (const lease of opened.leases) store.#leases.set(lease.id, lease.expiresAt);
    return store;
  }

  get(key: string, options: ReadOptions = {}): Promise<GetResult> {
    options.signal?.throwIfAborted();
    return this.#ask<GetResult>({ type: 'get', key, revision: options.revision ?? 0 });
  }

  range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { signal, ...rest } = options;
    signal?.throwIfAborted();
    return this.#ask<RangeResult>({ type: 'range', start, end, options: rest });
  }

  commit(transaction: Transaction): Promise<CommitResult> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ transaction, resolve, reject });
      this.#committing ??= this.#commitQueue();
    });
  }

  async watch(start: string, end: string, fromRevision: number, sink: WatchSink): Promise<WatchHandle> {
    if (this.#closed) throw new Error('the store is closed');
    return this.#hub.watch(start, end, sink, () =>
      this.#ask<readonly StoreEvent[]>({ type: 'history', start, end, fromRevision }),
    );
  }

  /** This process is the only writer, and an acknowledged write has been handed out before: no need to ask. */
  async currentRevision(): Promise<number> {
    return this.#hub.revision;
  }

  async compact(revision: number): Promise<void> {
    for (let afterId = 0; ; ) {
      const step = await this.#ask<{ done: boolean; nextId: number }>({ type: 'compactStep', revision, afterId });
      if (step.done) return;
      afterId = step.nextId;
    }
  }

  async grantLease(ttlSeconds: number): Promise<LeaseId> {
    const expiresAt = this.#environment.now() + ttlSeconds * 1000;
    const lease = await this.#ask<LeaseId>({ type: 'grantLease', ttlSeconds, expiresAt });
    this.#leases.set(lease, expiresAt);
    return lease;
  }

  async renewLease(lease: LeaseId): Promise<void> {
    const now = this.#environment.now();
    const ttlSeconds = await this.#ask<number | undefined>({ type: 'renewLease', lease, now });
    if (ttlSeconds === undefined) throw new Error(`lease ${lease} does not exist: it has expired or was revoked`);
    this.#leases.set(lease, now + ttlSeconds * 1000);
  }

  async revokeLease(lease: LeaseId): Promise<void> {
    this.#leases.delete(lease);
    await this.#endLeases([lease]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.stop();
    await this.#committing;
    this.#hub.close();
    await this.#connection.close();
  }

  async #commitQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchLimit);
      try {
        const transactions = batch.map((pending) => pending.transaction);
        const outcomes = await this.#connection.request<readonly CommitOutcome[]>({ type: 'commit', transactions });
        for (const [index, outcome] of outcomes.entries()) {
          this.#hub.dispatch(outcome.result.revision, outcome.events);
          batch[index]?.resolve(outcome.result);
        }
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error as Error);
        else await this.#commitOneByOne(batch);
      }
    }
    this.#committing = undefined;
  }

  /** One bad transaction must not fail its neighbours: when a batch was refused, each is tried for itself. */
  async #commitOneByOne(batch: readonly PendingCommit[]): Promise<void> {
    for (const pending of batch) {
      try {
        const [outcome] = await this.#connection.request<readonly CommitOutcome[]>({
          type: 'commit',
          transactions: [pending.transaction],
        });
        if (outcome === undefined) throw new Error('the store answered nothing');
        this.#hub.dispatch(outcome.result.revision, outcome.events);
        pending.resolve(outcome.result);
      } catch (error) {
        pending.reject(error as Error);
      }
    }
  }

  async #endLeases(leases: readonly LeaseId[]): Promise<void> {
    const outcome = await this.#ask<CommitOutcome>({ type: 'endLeases', leases });
    this.#hub.dispatch(outcome.result.revision, outcome.events);
  }

  #ask<T>(request: Parameters<WorkerConnection['request']>[0]): Promise<T> {
    return this.#closed ? Promise.reject(new Error('the store is closed')) : this.#connection.request<T>(request);
  }
}
