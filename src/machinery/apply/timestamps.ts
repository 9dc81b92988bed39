import { jsonEqual } from '../json-equal.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';

/**
 * The object to store: the live one itself when the next differs from it in nothing but the times of its managers (and what the
 * server counts), so that a write which changes nothing is no write. The entries are compared in their order, as Kubernetes does:
 * a newer time that moves an entry behind another one's is a write.
 */
export function keepTimestamps<T extends KubeObject>(live: T, next: T): T {
  const { managedFields: before, resourceVersion: _old, ...liveMeta } = live.metadata;
  const { managedFields: after, resourceVersion: _new, ...nextMeta } = next.metadata;
  if (!jsonEqual(withoutTimes(before), withoutTimes(after)) || !jsonEqual(liveMeta, nextMeta)) return next;
  return jsonEqual({ ...live, metadata: null }, { ...next, metadata: null }) ? live : next;
}

function withoutTimes(entries: readonly ManagedFieldsEntry[] | undefined): readonly unknown[] {
  return (entries ?? []).map(({ time: _, ...entry }) => entry);
}
