import type { KubeObject } from '../../machinery/object.ts';

/** By which claims and volumes named their class before they had a field for it; it still comes first. */
export const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

interface Classed extends KubeObject {
  readonly spec?: { readonly storageClassName?: string | null | undefined } | undefined;
}

/** The class of a claim or volume; empty where it has none. */
export function storageClassNameOf({ metadata, spec }: Classed): string {
  return metadata.annotations?.[storageClassAnnotation] ?? spec?.storageClassName ?? '';
}

/** Whether a class was chosen; an empty name is a choice, too: a volume without a class. */
export function namesClass({ metadata, spec }: Classed): boolean {
  return (spec?.storageClassName ?? metadata.annotations?.[storageClassAnnotation]) != null;
}
