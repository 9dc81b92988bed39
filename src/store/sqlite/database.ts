import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type {
  CommitResult,
  Comparison,
  Entry,
  LeaseId,
  Operation,
  RangeOptions,
  RangeResult,
  StoreEvent,
  Transaction,
} from '../store.ts';
import { CompactedError, FutureRevisionError } from '../store.ts';
import { openError, prepareFormat } from './format.ts';

/** Operations in one transaction; more would not fit into a revision's share of ids. */
const operationsPerRevision = 1024;

/** How many rows one step of a compaction looks at, so that writers wait a few milliseconds at most. */
const compactionStep = 2_000;

export interface CommitOutcome {
  readonly result: CommitResult;
  readonly events: readonly StoreEvent[];
}

export interface LeaseRow {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly expiresAt: number;
}

interface VersionRow {
  readonly id: number;
  readonly key: string;
  readonly create_revision: number;
  readonly version: number;
  readonly lease: number | null;
  readonly value: Uint8Array<ArrayBuffer> | null;
}

/** The store's state in one SQLite file. Synchronous: it lives in the worker thread. */
export class SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #newest: StatementSync;
  readonly #at: StatementSync;
  readonly #detachLease: StatementSync;
  readonly #setCounter: StatementSync;
  #revision: number;
  #compacted: number;
  #nextLease: number;

  /** Throws `StoreOpenError`. The file is locked for this process until `close`. */
  constructor(file: string) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file);
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      database.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000; BEGIN IMMEDIATE; COMMIT');
      prepareFormat(database, file);
      this.#insert = database.prepare(
        'INSERT INTO versions (id, key, create_revision, version, lease, value) VALUES (?, ?, ?, ?, ?, ?)',
      );
      this.#newest = database.prepare('SELECT * FROM versions WHERE key = ? ORDER BY id DESC LIMIT 1');
      this.#at = database.prepare('SELECT * FROM versions WHERE key = ? AND id < ? ORDER BY id DESC LIMIT 1');
      this.#detachLease = database.prepare('UPDATE versions SET lease = NULL WHERE id = ?');
      this.#setCounter = database.prepare('UPDATE counters SET value = ? WHERE name = ?');
      const counters = new Map(
        database
          .prepare('SELECT name, value FROM counters')
          .all()
          .map((row) => [row['name'], Number(row['value'])]),
      );
      this.#revision = counters.get('revision') ?? 1;
      this.#compacted = counters.get('compacted') ?? 0;
      this.#nextLease = counters.get('lease') ?? 0;
    } catch (error) {
      database?.close();
      throw openError(error, file);
    }
    this.#database = database;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Several transactions, each for itself, made durable together. Throws when nothing of it was written. */
  commitBatch(transactions: readonly Transaction[]): readonly CommitOutcome[] {
    const before = this.#revision;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const outcomes = transactions.map((transaction) => this.#commit(transaction));
      if (this.#revision !== before) this.#setCounter.run(this.#revision, 'revision');
      this.#database.exec('COMMIT');
      return outcomes;
    } catch (error) {
      this.#revision = before;
      // Where the disk has no room SQLite has taken the transaction back itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  get(key: string, asked: number): Entry | undefined {
    const revision = this.#readRevision(asked);
    return live(this.#at.get(key, idAfter(revision)) as VersionRow | undefined);
  }

  range(start: string, end: string, options: Omit<RangeOptions, 'signal'>): RangeResult {
    const revision = this.#readRevision(options.revision ?? 0);
    const newest =
      'SELECT max(id) AS id FROM versions INDEXED BY versions_by_key WHERE key >= ? AND key < ? AND id < ? GROUP BY key';
    const bounds = [start, end, idAfter(revision)] as const;
    const limited = options.limit !== undefined && options.limit > 0;
    const rows =
      options.countOnly === true
        ? []
        : (this.#database
            .prepare(
              `SELECT v.* FROM (${newest}) AS n JOIN versions AS v ON v.id = n.id WHERE v.version > 0 ORDER BY v.key${limited ? ` LIMIT ${options.limit}` : ''}`,
            )
            .all(...bounds) as unknown as VersionRow[]);
    const counted = limited || options.countOnly === true;
    const count = counted
      ? Number(
          this.#database
            .prepare(`SELECT count(*) AS n FROM (${newest}) AS n JOIN versions AS v ON v.id = n.id WHERE v.version > 0`)
            .get(...bounds)?.['n'] ?? 0,
        )
      : rows.length;
    return {
      entries: rows.map(entryOf),
      count,
      more: options.countOnly !== true && count > rows.length,
      revision: this.#revision,
    };
  }

  /** Every event after a revision, oldest first, with the value before each where compaction has left it. */
  history(start: string, end: string, fromRevision: number): readonly StoreEvent[] {
    if (fromRevision < this.#compacted) throw new CompactedError(this.#compacted);
    const rows = this.#database
      .prepare('SELECT * FROM versions WHERE id >= ? AND key >= ? AND key < ? ORDER BY id')
      .all(idAfter(fromRevision), start, end) as unknown as VersionRow[];
    return rows.map((row) => eventOf(row, live(this.#at.get(row.key, row.id) as VersionRow | undefined)));
  }

  /** One step of a compaction; answers whether there is more to do. */
  compactStep(revision: number, afterId: number): { readonly done: boolean; readonly nextId: number } {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (afterId === 0) {
      if (revision <= this.#compacted) return { done: true, nextId: 0 };
      this.#compacted = revision;
      this.#setCounter.run(revision, 'compacted');
    }
    const limit = idAfter(revision);
    const last = this.#database
      .prepare('SELECT max(id) AS id FROM (SELECT id FROM versions WHERE id > ? AND id < ? ORDER BY id LIMIT ?)')
      .get(afterId, limit, compactionStep)?.['id'];
    if (last === null || last === undefined) return { done: true, nextId: 0 };
    // A version goes when a newer one, at or before the revision, has replaced it; a deletion goes as well.
    this.#database
      .prepare(
        `DELETE FROM versions WHERE id > ? AND id <= ? AND (version = 0 OR EXISTS (
           SELECT 1 FROM versions AS newer WHERE newer.key = versions.key AND newer.id > versions.id AND newer.id < ?))`,
      )
      .run(afterId, Number(last), limit);
    return { done: false, nextId: Number(last) };
  }

  leases(): readonly LeaseRow[] {
    return this.#database
      .prepare('SELECT id, ttl_seconds, expires_at FROM leases')
      .all()
      .map((row) => ({
        id: Number(row['id']),
        ttlSeconds: Number(row['ttl_seconds']),
        expiresAt: Number(row['expires_at']),
      }));
  }

  grantLease(ttlSeconds: number, expiresAt: number): LeaseId {
    const id = ++this.#nextLease;
    this.#database.prepare('INSERT INTO leases VALUES (?, ?, ?)').run(id, ttlSeconds, expiresAt);
    this.#setCounter.run(id, 'lease');
    return id;
  }

  /** Answers the lease's time to live, undefined when there is no such lease. */
  renewLease(lease: LeaseId, now: number): number | undefined {
    const row = this.#database.prepare('SELECT ttl_seconds FROM leases WHERE id = ?').get(lease);
    if (row === undefined) return undefined;
    const ttlSeconds = Number(row['ttl_seconds']);
    this.#database.prepare('UPDATE leases SET expires_at = ? WHERE id = ?').run(now + ttlSeconds * 1000, lease);
    return ttlSeconds;
  }

  /** Ends leases and deletes their keys, in one transaction of the store. */
  endLeases(leases: readonly LeaseId[]): CommitOutcome {
    const keys = new Set<string>();
    for (const lease of leases) {
      const rows = this.#database.prepare('SELECT id, key FROM versions WHERE lease = ?').all(lease);
      for (const row of rows) {
        const key = String(row['key']);
        if (this.#newestEntry(key)?.lease === lease) keys.add(key);
      }
    }
    const operations = [...keys].slice(0, operationsPerRevision).map((key): Operation => ({ type: 'delete', key }));
    const [outcome] = this.commitBatch([{ compare: [], operations }]);
    if (keys.size > operationsPerRevision) {
      const rest = this.endLeases(leases);
      return { result: rest.result, events: [...(outcome?.events ?? []), ...rest.events] };
    }
    for (const lease of leases) this.#database.prepare('DELETE FROM leases WHERE id = ?').run(lease);
    return outcome ?? { result: { succeeded: true, revision: this.#revision }, events: [] };
  }

  close(): void {
    this.#database.close();
  }

  #commit(transaction: Transaction): CommitOutcome {
    if (transaction.operations.length > operationsPerRevision) {
      throw new Error(
        `a transaction has ${transaction.operations.length} operations; ${operationsPerRevision} is the most`,
      );
    }
    const current = transaction.compare.map(({ key }) => this.#newestEntry(key));
    if (!holds(transaction.compare, current)) {
      const result = {
        succeeded: false,
        revision: this.#revision,
        ...(transaction.readOnFailure === true && { current }),
      };
      return { result, events: [] };
    }
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    for (const operation of transaction.operations) {
      const event = this.#apply(operation, revision, events.length);
      if (event !== undefined) events.push(event);
    }
    if (events.length > 0) this.#revision = revision;
    return { result: { succeeded: true, revision: this.#revision }, events };
  }

  #apply(operation: Operation, revision: number, position: number): StoreEvent | undefined {
    const { key } = operation;
    const row = this.#newest.get(key) as VersionRow | undefined;
    const previous = live(row);
    const id = revision * operationsPerRevision + position;
    if (row?.lease !== null && row !== undefined) this.#detachLease.run(row.id);
    if (operation.type === 'delete') {
      if (previous === undefined) return undefined;
      this.#insert.run(id, key, previous.createRevision, 0, null, null);
      return { type: 'delete', key, revision, previous };
    }
    if (operation.lease !== undefined) this.#assertLease(operation.lease);
    const entry: Entry = {
      key,
      value: operation.value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      ...(operation.lease !== undefined && { lease: operation.lease }),
    };
    this.#insert.run(id, key, entry.createRevision, entry.version, operation.lease ?? null, operation.value);
    return { type: 'put', entry, previous };
  }

  #newestEntry(key: string): Entry | undefined {
    return live(this.#newest.get(key) as VersionRow | undefined);
  }

  #assertLease(lease: LeaseId): void {
    if (this.#database.prepare('SELECT 1 FROM leases WHERE id = ?').get(lease) === undefined) {
      throw new Error(`lease ${lease} does not exist: it has expired or was revoked`);
    }
  }

  #readRevision(asked: number): number {
    if (asked === 0) return this.#revision;
    if (asked > this.#revision) throw new FutureRevisionError(asked, this.#revision);
    if (asked < this.#compacted) throw new CompactedError(this.#compacted);
    return asked;
  }
}

function holds(compare: readonly Comparison[], current: readonly (Entry | undefined)[]): boolean {
  return compare.every(({ modRevision }, index) => (current[index]?.modRevision ?? 0) === modRevision);
}

/** The first id that belongs to a later revision. */
function idAfter(revision: number): number {
  return (revision + 1) * operationsPerRevision;
}

function live(row: VersionRow | undefined): Entry | undefined {
  return row === undefined || row.version === 0 ? undefined : entryOf(row);
}

function entryOf(row: VersionRow): Entry {
  return {
    key: row.key,
    value: row.value ?? new Uint8Array(),
    createRevision: row.create_revision,
    modRevision: Math.floor(row.id / operationsPerRevision),
    version: row.version,
    ...(row.lease !== null && { lease: row.lease }),
  };
}

function eventOf(row: VersionRow, previous: Entry | undefined): StoreEvent {
  return row.version === 0
    ? { type: 'delete', key: row.key, revision: Math.floor(row.id / operationsPerRevision), previous }
    : { type: 'put', entry: entryOf(row), previous };
}
