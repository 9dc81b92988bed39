import type { Informer, InformerHandler } from '../../src/client/informer.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';

/** An informer that a test fills by hand: it has always synced, and handlers learn of a change before the call returns. */
export class FakeInformer<T extends KubeObject> implements Informer<T> {
  readonly type: ResourceType<T>;
  readonly hasSynced = true;
  readonly #indexes: Readonly<Record<string, (object: T) => readonly string[]>>;
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<InformerHandler<T>>();

  constructor(
    type: ResourceType<T>,
    objects: readonly T[] = [],
    indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
  ) {
    this.type = type;
    this.#indexes = indexes;
    for (const object of objects) this.set(object);
  }

  /** Adds the object, or replaces the one of the same name. */
  set(object: T): void {
    const key = keyOf(object.metadata.name ?? '', object.metadata.namespace);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const handler of this.#handlers) {
      if (old === undefined) handler.added?.(object);
      else handler.updated?.(object, old);
    }
  }

  remove(name: string, namespace?: string): void {
    const key = keyOf(name, namespace);
    const old = this.#objects.get(key);
    this.#objects.delete(key);
    if (old !== undefined) for (const handler of this.#handlers) handler.deleted?.(old);
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(keyOf(name, namespace));
  }

  list(namespace?: string): Iterable<T> {
    return [...this.#objects.values()].filter(
      (object) => namespace === undefined || object.metadata.namespace === namespace,
    );
  }

  byIndex(index: string, value: string): Iterable<T> {
    return [...this.#objects.values()].filter((object) => this.#indexes[index]?.(object).includes(value));
  }

  get size(): number {
    return this.#objects.size;
  }

  synced(): Promise<void> {
    return Promise.resolve();
  }

  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) handler.added?.(object);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  /** Handlers that nobody has stopped: zero once everything is closed. */
  get handlerCount(): number {
    return this.#handlers.size;
  }
}

function keyOf(name: string, namespace = ''): string {
  return `${namespace}/${name}`;
}
