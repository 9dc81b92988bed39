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
    deepEqual(restA, restB) &&
    deepEqual(otherA, otherB) &&
    deepEqual(fieldsA?.map(withoutTime) ?? [], fieldsB?.map(withoutTime) ?? [])
  );
}

function withoutTime({ time: _time, ...entry }: { readonly time?: unknown }): object {
  return entry;
}

/** Equality of JSON values. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => deepEqual(item, b[index]));
  }
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key in left) if (!deepEqual(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}
