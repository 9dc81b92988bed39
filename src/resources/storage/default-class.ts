import { newest } from '../../machinery/newest.ts';
import type { StorageClass } from '../schema/storage-v1.generated.ts';

const defaultAnnotations: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class of claims that name none: of those that are said to be it, the newest. */
export function defaultClassOf(classes: Iterable<StorageClass>): StorageClass | undefined {
  return newest([...classes].filter(isDefault));
}

function isDefault({ metadata }: StorageClass): boolean {
  return defaultAnnotations.some((key) => metadata.annotations?.[key] === 'true');
}
