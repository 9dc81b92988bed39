import type { KubeObject } from './object.ts';

/** The object that was made last; of those of one second, the first by name. */
export function newest<T extends KubeObject>(objects: readonly T[]): T | undefined {
  return objects.toSorted(byAgeThenName)[0];
}

function byAgeThenName({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  const newerFirst = (b.creationTimestamp ?? '').localeCompare(a.creationTimestamp ?? '');
  return newerFirst || (a.name ?? '').localeCompare(b.name ?? '');
}
