import type { KubeObject } from '../../machinery/object.ts';
import type { Lister } from '../informer.ts';

export type IndexFunction<T> = (object: T) => readonly string[];

/** `namespace/name`, or `name` for what has no namespace. */
export function cacheKey(metadata: {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}): string {
  const name = metadata.name ?? '';
  return metadata.namespace === undefined || metadata.namespace === '' ? name : `${metadata.namespace}/${name}`;
}

/** Objects by key, by namespace and by any number of named indexes. */
export class IndexedCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<
    string,
    { readonly function: IndexFunction<T>; readonly values: Map<string, Map<string, T>> }
  >();

  get size(): number {
    return this.#objects.size;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(cacheKey({ namespace, name }));
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): Iterable<T> {
    return namespace === undefined ? this.#objects.values() : (this.#byNamespace.get(namespace)?.values() ?? []);
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  byIndex(index: string, value: string): Iterable<T> {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`there is no index ${index}; name it when asking for the informer`);
    return found.values.get(value)?.values() ?? [];
  }

  /** Adds an index over what is there and what will come. The same function under the same name again changes nothing. */
  addIndex(name: string, indexFunction: IndexFunction<T>): void {
    const existing = this.#indexes.get(name);
    if (existing?.function === indexFunction) return;
    if (existing !== undefined) throw new Error(`two different functions were given for the index ${name}`);
    const values = new Map<string, Map<string, T>>();
    this.#indexes.set(name, { function: indexFunction, values });
    for (const [key, object] of this.#objects)
      for (const value of indexFunction(object)) enter(values, value, key, object);
  }

  /** Answers what was there before. */
  set(key: string, object: T): T | undefined {
    const old = this.delete(key);
    this.#objects.set(key, object);
    const namespace = object.metadata.namespace;
    if (namespace !== undefined) enter(this.#byNamespace, namespace, key, object);
    for (const index of this.#indexes.values()) {
      for (const value of index.function(object)) enter(index.values, value, key, object);
    }
    return old;
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    const namespace = old.metadata.namespace;
    if (namespace !== undefined) leave(this.#byNamespace, namespace, key);
    for (const index of this.#indexes.values()) {
      for (const value of index.function(old)) leave(index.values, value, key);
    }
    return old;
  }
}

function enter<T>(values: Map<string, Map<string, T>>, value: string, key: string, object: T): void {
  const entries = values.get(value);
  if (entries === undefined) values.set(value, new Map([[key, object]]));
  else entries.set(key, object);
}

function leave<T>(values: Map<string, Map<string, T>>, value: string, key: string): void {
  const entries = values.get(value);
  entries?.delete(key);
  if (entries?.size === 0) values.delete(value);
}
