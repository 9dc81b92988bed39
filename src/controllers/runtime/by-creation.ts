import type { KubeObject } from '../../machinery/object.ts';

/** Orders objects by age, the oldest first; those of one second by name. */
export function byCreation(a: KubeObject, b: KubeObject): number {
  const [one, other] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (one !== other) return one < other ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
