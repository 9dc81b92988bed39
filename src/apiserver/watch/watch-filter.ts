import type { StatusError } from '../../machinery/status-error.ts';
import type { StoredFormat } from '../registry/stored-format.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { CacheEvent, ChangeType } from './cache-event.ts';

/** Which objects a list or a watch wants. */
export interface WatchFilter {
  /** Empty: all. */
  readonly namespace: string;
  /** Empty: all. */
  readonly name: string;
  /** A field that must have one value: what watchers are found by. `matches` checks it too. */
  readonly field?: IndexedField;
  /** Selectors; namespace and name have been looked at already. Absent: everything matches. */
  matches?(object: StoredObject): boolean;
}

export interface IndexedField {
  /** The same label means the same field to all watchers of one cache. */
  readonly label: string;
  readonly value: string;
  readonly read: (object: StoredObject) => string;
}

export type WatchItem =
  | {
      readonly type: ChangeType;
      readonly object: StoredObject;
      /** The change that others see too; undefined for the objects that were there at the start. */
      readonly event: CacheEvent | undefined;
    }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly error: StatusError };

/** Whether namespace and name of a key are wanted. */
export function inScope(format: StoredFormat, filter: WatchFilter, key: string): boolean {
  return (
    (filter.namespace === '' || format.namespaceOf(key) === filter.namespace) &&
    (filter.name === '' || format.nameOf(key) === filter.name)
  );
}

/** What a change in scope means to a watcher: an object that begins to match is added, one that no longer does is deleted. */
export function transition(filter: WatchFilter, event: CacheEvent): WatchItem | undefined {
  const before = event.previous !== undefined && (filter.matches === undefined || filter.matches(event.previous));
  const after = !event.deleted && (filter.matches === undefined || filter.matches(event.object));
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object, event };
  return before ? { type: 'DELETED', object: event.before, event } : undefined;
}
