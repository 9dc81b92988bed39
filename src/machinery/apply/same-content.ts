import { jsonEqual } from '../json-equal.ts';
import type { KubeObject } from '../object.ts';

/**
 * Whether a write would change nothing: both say the same apart from the resourceVersion, the order of keys, and the times in
 * managedFields. Absent and undefined are the same. The managers are compared in their order, as Kubernetes does: a newer time that
 * moves an entry behind another one's is a write.
 */
export function sameContent(a: KubeObject, b: KubeObject): boolean {
  const { metadata: metaA, kind: _kindA, apiVersion: _versionA, ...restA } = a;
  const { metadata: metaB, kind: _kindB, apiVersion: _versionB, ...restB } = b;
  const { resourceVersion: _revisionA, managedFields: fieldsA, ...otherA } = metaA;
  const { resourceVersion: _revisionB, managedFields: fieldsB, ...otherB } = metaB;
  return (
    jsonEqual(restA, restB) &&
    jsonEqual(otherA, otherB) &&
    jsonEqual(fieldsA?.map(withoutTime) ?? [], fieldsB?.map(withoutTime) ?? [])
  );
}

function withoutTime({ time: _time, ...entry }: { readonly time?: unknown }): object {
  return entry;
}
