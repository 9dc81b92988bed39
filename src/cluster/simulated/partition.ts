import type { Client, WatchEvent } from '../../client/client.ts';
import type { InformerHandler } from '../../client/informer.ts';
import type { AgentSources } from '../../node/sources.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/** What a client meets while its node is cut off. */
class CutOffError extends Error {
  override readonly name = 'CutOffError';
  constructor(node: string) {
    super(`node ${node} is cut off from the API server`);
  }
}

/** The connection between one node and the API server, which can be cut and mended. */
export class Partition {
  readonly #node: string;
  #controller = new AbortController();
  #isCut = false;
  readonly #onMend = new Set<() => void>();

  constructor(node: string) {
    this.#node = node;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Requests fail from now on, those under way too: what they did may have happened all the same. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#controller.abort(new CutOffError(this.#node));
  }

  mend(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.#controller = new AbortController();
    for (const listener of this.#onMend) listener();
  }

  onMend(listener: () => void): () => void {
    this.#onMend.add(listener);
    return () => this.#onMend.delete(listener);
  }

  /** A client whose every call crosses the partition. */
  client(inner: Client): Client {
    const call = <T>(work: () => Promise<T>) => this.#cross(work);
    return {
      get: (...args) => call(() => inner.get(...args)),
      list: (...args) => call(() => inner.list(...args)),
      create: (...args) => call(() => inner.create(...args)),
      update: (...args) => call(() => inner.update(...args)),
      patch: (...args) => call(() => inner.patch(...args)),
      delete: (...args) => call(() => inner.delete(...args)),
      deleteCollection: (...args) => call(() => inner.deleteCollection(...args)),
      createSubresource: (...args) => call(() => inner.createSubresource(...args)) as never,
      watch: (...args) => this.#watch(inner.watch(...args)),
      http: {
        fetch: (request) => call(() => inner.http.fetch(request)),
        upgrade: (request) => call(() => inner.http.upgrade(request)),
      },
    };
  }

  /** News that stays away while the node is cut off; when it is mended, all that there was of pods is told at once. */
  sources(inner: AgentSources): AgentSources {
    return {
      ...inner,
      node: (name) => (this.#isCut ? undefined : inner.node(name)),
      watchPods: (nodeName, handler) => {
        const gate = new PodGate(handler);
        const stopMending = this.onMend(() => gate.catchUp());
        const isCut = () => this.#isCut;
        const stopWatching = inner.watchPods(nodeName, {
          added: (pod) => gate.set(pod, isCut()),
          updated: (pod) => gate.set(pod, isCut()),
          deleted: (pod) => gate.delete(pod, isCut()),
        });
        return () => {
          stopMending();
          stopWatching();
        };
      },
    };
  }

  async #cross<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    const result = await work();
    signal.throwIfAborted();
    return result;
  }

  async *#watch<T>(events: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    const { promise: severed, reject } = Promise.withResolvers<never>();
    severed.catch(() => {});
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const iterator = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), severed]);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      void iterator.return?.();
    }
  }
}

/** Remembers what the node was last told of each pod, and what it has missed. */
class PodGate {
  readonly #handler: InformerHandler<Pod>;
  readonly #told = new Map<string, Pod>();
  readonly #missed = new Map<string, Pod | undefined>();

  constructor(handler: InformerHandler<Pod>) {
    this.#handler = handler;
  }

  set(pod: Pod, cut: boolean): void {
    const key = keyOf(pod);
    if (cut) {
      this.#missed.set(key, pod);
      return;
    }
    const before = this.#told.get(key);
    this.#told.set(key, pod);
    if (before === undefined) this.#handler.added?.(pod);
    else if (before.metadata.uid === pod.metadata.uid) this.#handler.updated?.(pod, before);
    else {
      this.#handler.deleted?.(before);
      this.#handler.added?.(pod);
    }
  }

  delete(pod: Pod, cut: boolean): void {
    const key = keyOf(pod);
    if (cut) {
      this.#missed.set(key, undefined);
      return;
    }
    this.#told.delete(key);
    this.#handler.deleted?.(pod);
  }

  catchUp(): void {
    const missed = [...this.#missed];
    this.#missed.clear();
    for (const [key, pod] of missed) {
      const before = this.#told.get(key);
      if (pod !== undefined) this.set(pod, false);
      else if (before !== undefined) this.delete(before, false);
    }
  }
}

function keyOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}
