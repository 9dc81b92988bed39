import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectKey,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../../src/client/client.ts';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { type Draft, draft, type KubeObject } from '../../src/machinery/object.ts';
import { apiVersionOf, groupResource, type ResourceType } from '../../src/machinery/resource-type.ts';
import { StatusError, type StatusReason } from '../../src/machinery/status-error.ts';

interface HistoryEntry {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly history: HistoryEntry[];
}

export interface Action {
  readonly verb: string;
  readonly resource: string;
  readonly key: string;
  readonly subresource?: string | undefined;
}

/**
 * An API server as small as informers and queues need: revisions, watches with history, conflicts, finalizers; and ways to make it
 * misbehave. It validates nothing and knows equality selectors only.
 */
export class FakeClient {
  readonly actions: Action[] = [];
  readonly #environment: Environment;
  readonly #collections = new Map<string, Collection>();
  readonly #watchers = new Set<{ wake: () => void; ended: boolean }>();
  readonly #failures: { verb: string; resource: string; error: Error }[] = [];
  #revision = 1;
  #compacted = 0;
  #down = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** As a `Client`; requests outside resources are not there. */
  get client(): Client {
    return this as unknown as Client;
  }

  get revision(): number {
    return this.#revision;
  }

  get openWatches(): number {
    return this.#watchers.size;
  }

  /** The next such request throws this. */
  failNext(verb: string, type: ResourceType, error: Error): void {
    this.#failures.push({ verb, resource: groupResource(type), error });
  }

  /** Watches can no longer begin before now. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Ends every open watch. */
  disconnect(): void {
    for (const watcher of this.#watchers) {
      watcher.ended = true;
      watcher.wake();
    }
  }

  /** While down, everything answers ServiceUnavailable. */
  setDown(down: boolean): void {
    this.#down = down;
    if (down) this.disconnect();
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    this.#enter('get', type, keyOf(key));
    return this.#existing(type, keyOf(key));
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}) {
    options.signal?.throwIfAborted();
    this.#enter('list', type, '');
    const matching = [...this.#collection(type).objects.entries()]
      .filter(([, object]) => matches(object, options))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const start = options.continue === undefined ? 0 : Number(options.continue);
    const end = options.limit === undefined ? matching.length : start + options.limit;
    return {
      metadata: {
        resourceVersion: String(this.#revision),
        ...(end < matching.length ? { continue: String(end) } : {}),
      },
      items: matching.slice(start, end).map(([, object]) => object as T),
    };
  }

  async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    options.signal?.throwIfAborted();
    this.#enter('watch', type, '');
    const collection = this.#collection(type);
    let seen = Number(options.resourceVersion ?? this.#revision);
    if (seen < this.#compacted) throw statusError('Expired', 410, `too old resource version: ${seen}`);
    const watcher = { wake: () => {}, ended: false };
    this.#watchers.add(watcher);
    const abort = () => watcher.wake();
    options.signal?.addEventListener('abort', abort);
    try {
      if (options.sendInitialEvents === true) {
        seen = this.#revision;
        for (const object of [...collection.objects.values()].filter((each) => matches(each, options)))
          yield { type: 'ADDED', object: object as T };
        yield { type: 'BOOKMARK', resourceVersion: String(seen), initialEventsEnd: true };
      }
      for (;;) {
        options.signal?.throwIfAborted();
        const next = collection.history.find((entry) => entry.revision > seen);
        if (next !== undefined) {
          seen = next.revision;
          if (matches(next.object, options)) yield { type: next.type, object: next.object as T };
          continue;
        }
        if (watcher.ended) return;
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
      }
    } finally {
      options.signal?.removeEventListener('abort', abort);
      this.#watchers.delete(watcher);
    }
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, _options?: WriteOptions): Promise<T> {
    const made = draft(object) as Draft<KubeObject>;
    if (made.metadata.name === undefined)
      made.metadata.name = `${made.metadata.generateName ?? ''}${this.#environment.id().slice(0, 5)}`;
    const key = keyOf({ namespace: made.metadata.namespace, name: made.metadata.name });
    this.#enter('create', type, key);
    if (this.#collection(type).objects.has(key))
      throw statusError('AlreadyExists', 409, `${groupResource(type)} "${made.metadata.name}" already exists`);
    made.apiVersion = apiVersionOf(type);
    made.kind = type.kind;
    made.metadata.uid = this.#environment.id();
    made.metadata.creationTimestamp = this.#timestamp();
    made.metadata.generation = 1;
    return this.#store(type, key, 'ADDED', made) as T;
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = keyOf({ namespace: object.metadata.namespace, name: object.metadata.name ?? '' });
    this.#enter('update', type, key, options.subresource);
    const old = this.#existing(type, key) as T & { status?: unknown; spec?: unknown };
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw statusError(
        'Conflict',
        409,
        `Operation cannot be fulfilled on ${groupResource(type)} "${old.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
      );
    const made = draft(object) as Draft<T> & { status?: unknown; spec?: unknown };
    const result =
      options.subresource === 'status'
        ? { ...draft(old), status: made.status }
        : { ...made, ...(old.status === undefined ? {} : { status: old.status }) };
    return this.#write(type, key, old, result as Draft<KubeObject>) as T;
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    this.#enter('patch', type, keyOf(key), options.subresource);
    const old = this.#existing<T>(type, keyOf(key));
    if (patch.type === 'json' || patch.type === 'apply') throw new Error(`the fake knows no ${patch.type} patch`);
    return this.#write(type, keyOf(key), old, mergePatch(draft(old), patch.body) as Draft<KubeObject>) as T;
  }

  async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: DeleteOptions = {}): Promise<T> {
    this.#enter('delete', type, keyOf(key));
    const old = this.#existing<T>(type, keyOf(key));
    const { uid } = options.preconditions ?? {};
    if (uid !== undefined && uid !== old.metadata.uid) throw statusError('Conflict', 409, `the UID is not ${uid}`);
    if ((old.metadata.finalizers?.length ?? 0) === 0)
      return this.#store(type, keyOf(key), 'DELETED', draft(old) as Draft<KubeObject>) as T;
    if (old.metadata.deletionTimestamp !== undefined) return old;
    const made = draft(old) as Draft<KubeObject>;
    made.metadata.deletionTimestamp = this.#timestamp();
    return this.#store(type, keyOf(key), 'MODIFIED', made) as T;
  }

  async createSubresource(type: ResourceType, key: ObjectKey, subresource: string, _body?: object): Promise<never> {
    this.#enter('create', type, keyOf(key), subresource);
    throw new Error('the fake has no subresources with another kind');
  }

  #write(type: ResourceType, key: string, old: KubeObject, made: Draft<KubeObject>): KubeObject {
    const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = old.metadata;
    Object.assign(made.metadata, { uid, creationTimestamp, generation });
    if (deletionTimestamp !== undefined) made.metadata.deletionTimestamp = deletionTimestamp;
    const { spec: oldSpec } = old as { spec?: unknown };
    const { spec: newSpec } = made as { spec?: unknown };
    if (JSON.stringify(oldSpec) !== JSON.stringify(newSpec)) made.metadata.generation = generation + 1;
    const finished = deletionTimestamp !== undefined && (made.metadata.finalizers?.length ?? 0) === 0;
    return this.#store(type, key, finished ? 'DELETED' : 'MODIFIED', made);
  }

  #store(type: ResourceType, key: string, event: HistoryEntry['type'], object: Draft<KubeObject>): KubeObject {
    this.#revision += 1;
    object.metadata.resourceVersion = String(this.#revision);
    const collection = this.#collection(type);
    if (event === 'DELETED') collection.objects.delete(key);
    else collection.objects.set(key, object);
    collection.history.push({ revision: this.#revision, type: event, object });
    for (const watcher of this.#watchers) watcher.wake();
    return object;
  }

  #existing<T extends KubeObject>(type: ResourceType<T>, key: string): T {
    const found = this.#collection(type).objects.get(key);
    if (found === undefined)
      throw statusError('NotFound', 404, `${groupResource(type)} "${key.split('/').at(-1)}" not found`);
    return found as T;
  }

  #enter(verb: string, type: ResourceType, key: string, subresource?: string): void {
    this.actions.push({ verb, resource: groupResource(type), key, subresource });
    if (this.#down) throw statusError('ServiceUnavailable', 503, 'the server is down');
    const at = this.#failures.findIndex((each) => each.verb === verb && each.resource === groupResource(type));
    const failure = this.#failures[at];
    if (failure === undefined) return;
    this.#failures.splice(at, 1);
    throw failure.error;
  }

  #collection(type: ResourceType): Collection {
    const name = groupResource(type);
    let found = this.#collections.get(name);
    if (found === undefined) {
      found = { objects: new Map(), history: [] };
      this.#collections.set(name, found);
    }
    return found;
  }

  #timestamp(): string {
    return `${new Date(this.#environment.now()).toISOString().slice(0, 19)}Z`;
  }
}

export function statusError(reason: StatusReason, code: number, message: string): StatusError {
  return new StatusError({ reason, code, message });
}

function keyOf(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

function matches(object: KubeObject, options: ListOptions): boolean {
  if (options.namespace !== undefined && object.metadata.namespace !== options.namespace) return false;
  return (options.labelSelector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .every((term) => object.metadata.labels?.[term.split('=')[0] ?? ''] === term.split('=').at(-1));
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
