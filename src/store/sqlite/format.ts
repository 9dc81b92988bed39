import type { DatabaseSync } from 'node:sqlite';

/** "Stur" in ASCII: tells our files from other SQLite databases. */
const applicationId = 0x53747572;

/**
 * Each entry takes the file from the format of its index to the next one, inside the transaction that also notes the new
 * format. Never change an entry that has been released: append.
 */
const migrations: readonly string[] = [
  // `id` is revision * 1024 + position in the transaction; `version` 0 marks a deletion.
  `CREATE TABLE versions (
     id INTEGER PRIMARY KEY,
     key TEXT NOT NULL,
     create_revision INTEGER NOT NULL,
     version INTEGER NOT NULL,
     lease INTEGER,
     value BLOB
   ) STRICT;
   CREATE UNIQUE INDEX versions_by_key ON versions (key, id);
   CREATE INDEX versions_by_lease ON versions (lease) WHERE lease IS NOT NULL;
   CREATE TABLE leases (id INTEGER PRIMARY KEY, ttl_seconds INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
   INSERT INTO counters VALUES ('revision', 1), ('compacted', 0), ('lease', 0);`,
];

/** Why a data directory cannot be used; the message names the file and what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  readonly code: 'InUse' | 'Corrupt' | 'ReadOnly' | 'NewerFormat' | 'Unavailable';
  constructor(code: StoreOpenError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Brings an opened database to the newest format, or throws `StoreOpenError` and leaves it as it was. */
export function prepareFormat(database: DatabaseSync, file: string): void {
  const found = pragma(database, 'application_id');
  const format = pragma(database, 'user_version');
  if (found !== 0 && found !== applicationId) {
    throw new StoreOpenError('Corrupt', `${file} is a SQLite database of another program: use another data directory`);
  }
  if (format > migrations.length) {
    throw new StoreOpenError(
      'NewerFormat',
      `${file} has format ${format}, and this version of Stuurman reads up to ${migrations.length}: use the version that wrote it, or a newer one`,
    );
  }
  if (format === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const migration of migrations.slice(format)) database.exec(migration);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Turns what SQLite says on opening into what a person can act on. */
export function openError(error: unknown, file: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const options = { cause: error };
  switch (code) {
    case 5:
    case 6:
      return new StoreOpenError(
        'InUse',
        `${file} is in use by another server: stop that one, or give this one another data directory`,
        options,
      );
    case 8:
      return new StoreOpenError(
        'ReadOnly',
        `${file} cannot be written (${message}): check the file's owner and the mount's options`,
        options,
      );
    case 11:
    case 26:
      return new StoreOpenError(
        'Corrupt',
        `${file} is damaged (${message}): restore it from a backup, or move it away to start with an empty cluster`,
        options,
      );
    default:
      return new StoreOpenError('Unavailable', `${file} cannot be opened: ${message}`, options);
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
