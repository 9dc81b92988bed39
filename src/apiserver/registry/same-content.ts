import { jsonEqual } from '../../machinery/json-equal.ts';
import type { KubeObject } from '../../machinery/object.ts';

/**
 * Whether a write would change nothing: both say the same apart from the resourceVersion, the order of keys, and the times in
 * managedFields. Absent and undefined are the same.
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
