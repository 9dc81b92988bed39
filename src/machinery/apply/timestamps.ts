import { jsonEqual } from '../json-equal.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';

/**
 * The object to store: the live one itself when the next differs from it in nothing but the times of its managers (and what the
 * server counts), so that a write which changes nothing is no write.
 */
export function keepTimestamps<T extends KubeObject>(live: T, next: T): T {
  const { managedFields: before, resourceVersion: _old, ...liveMeta } = live.metadata;
  const { managedFields: after, resourceVersion: _new, ...nextMeta } = next.metadata;
  if (!jsonEqual(withoutTimes(before), withoutTimes(after)) || !jsonEqual(liveMeta, nextMeta)) return next;
  return jsonEqual({ ...live, metadata: null }, { ...next, metadata: null }) ? live : next;
}

/** The entries in an order that does not depend on their times. */
function withoutTimes(entries: readonly ManagedFieldsEntry[] | undefined): readonly unknown[] {
  return (entries ?? [])
    .map(({ time: _, ...entry }) => ({
      entry,
      key: `${entry.operation}\0${entry.manager}\0${entry.apiVersion}\0${entry.subresource}`,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ entry }) => entry);
}
