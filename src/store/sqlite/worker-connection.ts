import { Worker } from 'node:worker_threads';
import { CompactedError, FutureRevisionError } from '../store.ts';
import { StoreOpenError } from './format.ts';
import type { WorkerFile, WorkerOpened, WorkerReply, WorkerRequest } from './protocol.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface OpenedConnection {
  readonly connection: WorkerConnection;
  readonly opened: Extract<WorkerOpened, { opened: object }>['opened'];
}

/**
 * A store's thread, which loads its program and waits to be told its file. It can be started before it is known whether there will be a store:
 * nothing waits for it until then.
 */
export function startStoreThread(): Worker {
  const source = new URL(import.meta.url.endsWith('.ts') ? './store-worker.ts' : './store-worker.js', import.meta.url);
  const worker = new Worker(source, { name: 'store' });
  worker.unref();
  return worker;
}

/** Requests to the worker thread and their answers. When the thread dies, everything that waits is refused. */
export class WorkerConnection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #dead: Error | undefined;

  private constructor(worker: Worker, opened: (message: WorkerOpened) => void) {
    this.#worker = worker;
    worker.on('message', (message: WorkerOpened | WorkerReply) => {
      if ('id' in message) this.#settle(message);
      else opened(message);
    });
    worker.on('error', (error) => this.#die(new Error('the store failed', { cause: error })));
    worker.on('exit', () => this.#die(new Error('the store is closed')));
  }

  /** Throws `StoreOpenError`. */
  static async open(file: string, worker: Worker): Promise<OpenedConnection> {
    worker.ref();
    const { promise, resolve, reject } = Promise.withResolvers<WorkerOpened>();
    worker.once('error', reject);
    const connection = new WorkerConnection(worker, resolve);
    worker.postMessage({ file } satisfies WorkerFile);
    const first = await promise;
    if ('opened' in first) return { connection, opened: first.opened };
    await worker.terminate();
    throw new StoreOpenError(first.failed.code as StoreOpenError['code'], first.failed.message);
  }

  request<T>(request: WorkerRequest): Promise<T> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  /** Lets the database close its file. */
  async close(): Promise<void> {
    if (this.#dead !== undefined) return;
    await this.request({ type: 'close' });
    this.#dead = new Error('the store is closed');
    await this.#worker.terminate();
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('value' in reply) waiting?.resolve(reply.value);
    else waiting?.reject(errorOf(reply.error));
  }

  #die(error: Error): void {
    this.#dead ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#dead);
    this.#waiting.clear();
  }
}

function errorOf(error: Extract<WorkerReply, { error: object }>['error']): Error {
  switch (error.kind) {
    case 'compacted':
      return new CompactedError(error.revision);
    case 'future': {
      const asked = Number(/\d+/.exec(error.message)?.[0] ?? 0);
      return new FutureRevisionError(asked, error.revision);
    }
    case 'other':
      return new Error(error.message);
  }
}
