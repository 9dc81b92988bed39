import type { StoredFormat } from '../registry/stored-format.ts';
import type { CacheEvent } from './cache-event.ts';
import type { WatchFilter } from './watch-filter.ts';
import type { Watcher } from './watcher.ts';

interface FieldIndex {
  readonly read: NonNullable<WatchFilter['field']>['read'];
  readonly byValue: Map<string, Set<Watcher>>;
}

/**
 * Finds the watchers that a change concerns without asking each: by name, by the value of a field (`spec.nodeName`), by
 * namespace; only those that want everything are asked every time.
 */
export class WatcherIndex {
  readonly #format: StoredFormat;
  readonly #all = new Set<Watcher>();
  readonly #everything = new Set<Watcher>();
  readonly #byName = new Map<string, Set<Watcher>>();
  readonly #byNamespace = new Map<string, Set<Watcher>>();
  readonly #byField = new Map<string, FieldIndex>();

  constructor(format: StoredFormat) {
    this.#format = format;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Watcher> {
    return this.#all.values();
  }

  add(watcher: Watcher): void {
    this.#all.add(watcher);
    const { name, namespace, field } = watcher.filter;
    if (name !== '') addTo(this.#byName, name, watcher);
    else if (field !== undefined) {
      let index = this.#byField.get(field.label);
      if (index === undefined) {
        index = { read: field.read, byValue: new Map() };
        this.#byField.set(field.label, index);
      }
      addTo(index.byValue, field.value, watcher);
    } else if (namespace !== '') addTo(this.#byNamespace, namespace, watcher);
    else this.#everything.add(watcher);
  }

  remove(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    const { name, namespace, field } = watcher.filter;
    if (name !== '') removeFrom(this.#byName, name, watcher);
    else if (field !== undefined) {
      const index = this.#byField.get(field.label);
      if (index === undefined) return;
      removeFrom(index.byValue, field.value, watcher);
      if (index.byValue.size === 0) this.#byField.delete(field.label);
    } else if (namespace !== '') removeFrom(this.#byNamespace, namespace, watcher);
    else this.#everything.delete(watcher);
  }

  /** Pushes the change to every watcher in whose scope it lies. */
  dispatch(event: CacheEvent): void {
    if (this.#all.size === 0) return;
    const { key } = event.object;
    const namespace = this.#format.namespaceOf(key);
    for (const watcher of this.#everything) watcher.push(event);
    pushAll(this.#byNamespace.get(namespace), event, namespace);
    pushAll(this.#byName.get(this.#format.nameOf(key)), event, namespace);
    for (const index of this.#byField.values()) {
      const now = index.read(event.object);
      pushAll(index.byValue.get(now), event, namespace);
      const before = event.previous === undefined ? now : index.read(event.previous);
      if (before !== now) pushAll(index.byValue.get(before), event, namespace);
    }
  }
}

function pushAll(watchers: ReadonlySet<Watcher> | undefined, event: CacheEvent, namespace: string): void {
  if (watchers === undefined) return;
  for (const watcher of watchers) {
    if (watcher.filter.namespace === '' || watcher.filter.namespace === namespace) watcher.push(event);
  }
}

function addTo(index: Map<string, Set<Watcher>>, value: string, watcher: Watcher): void {
  const watchers = index.get(value);
  if (watchers === undefined) index.set(value, new Set([watcher]));
  else watchers.add(watcher);
}

function removeFrom(index: Map<string, Set<Watcher>>, value: string, watcher: Watcher): void {
  const watchers = index.get(value);
  watchers?.delete(watcher);
  if (watchers?.size === 0) index.delete(value);
}
