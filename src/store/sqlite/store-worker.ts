import { type MessagePort, parentPort } from 'node:worker_threads';
import { CompactedError, FutureRevisionError } from '../store.ts';
import { SqliteDatabase } from './database.ts';
import { StoreOpenError } from './format.ts';
import type { WorkerEnvelope, WorkerFile, WorkerOpened, WorkerReply, WorkerRequest } from './protocol.ts';

/** The thread that owns the SQLite file: is told which one, then takes requests one by one, in order. */
function main(): void {
  const port = parentPort;
  if (port === null) throw new Error('the SQLite worker runs in a worker thread');
  port.once('message', ({ file }: WorkerFile) => {
    const database = open(port, file);
    if (database === undefined) return;
    port.on('message', ({ id, request }: WorkerEnvelope) => {
      port.postMessage(answer(database, id, request));
      if (request.type === 'close') port.close();
    });
  });
}

/** Says what came of it. */
function open(port: MessagePort, file: string): SqliteDatabase | undefined {
  try {
    const database = new SqliteDatabase(file);
    port.postMessage({ opened: { revision: database.revision, leases: database.leases() } } satisfies WorkerOpened);
    return database;
  } catch (error) {
    const code = error instanceof StoreOpenError ? error.code : 'Unavailable';
    const message = error instanceof Error ? error.message : String(error);
    port.postMessage({ failed: { code, message } } satisfies WorkerOpened);
    return undefined;
  }
}

function answer(database: SqliteDatabase, id: number, request: WorkerRequest): WorkerReply {
  try {
    return { id, value: perform(database, request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof CompactedError)
      return { id, error: { kind: 'compacted', message, revision: error.compactRevision } };
    if (error instanceof FutureRevisionError)
      return { id, error: { kind: 'future', message, revision: error.currentRevision } };
    return { id, error: { kind: 'other', message, revision: 0 } };
  }
}

function perform(database: SqliteDatabase, request: WorkerRequest): unknown {
  switch (request.type) {
    case 'commit':
      return database.commitBatch(request.transactions);
    case 'get':
      return { entry: database.get(request.key, request.revision), revision: database.revision };
    case 'range':
      return database.range(request.start, request.end, request.options);
    case 'history':
      return database.history(request.start, request.end, request.fromRevision);
    case 'compactStep':
      return database.compactStep(request.revision, request.afterId);
    case 'grantLease':
      return database.grantLease(request.ttlSeconds, request.expiresAt);
    case 'renewLease':
      return database.renewLease(request.lease, request.now);
    case 'endLeases':
      return database.endLeases(request.leases);
    case 'close':
      return database.close();
  }
}

main();
