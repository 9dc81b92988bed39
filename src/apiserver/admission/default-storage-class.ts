import type { Informer } from '../../client/informer.ts';
import type { Draft } from '../../machinery/object.ts';
import { storageClassAnnotation } from '../../resources/core/storage-class-name.ts';
import type { PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { appliesTo } from './applies-to.ts';
import { newest } from './newest.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const defaultAnnotations: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Gives claims that name no class the default one, the newest where there are several. */
export function defaultStorageClass(classes: Informer<StorageClass>): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    admit(attributes: AdmissionAttributes): void {
      if (attributes.operation !== 'CREATE' || !appliesTo(attributes, persistentVolumeClaims)) return;
      const claim = attributes.object as Draft<PersistentVolumeClaim>;
      // An empty name is a choice: a volume without a class.
      if (claim.spec === undefined || claim.spec.storageClassName != null) return;
      if (claim.metadata.annotations?.[storageClassAnnotation] !== undefined) return;
      const first = newest([...classes.list()].filter(isDefault));
      if (first !== undefined) claim.spec.storageClassName = first.metadata.name ?? '';
    },
  };
}

function isDefault({ metadata }: StorageClass): boolean {
  return defaultAnnotations.some((key) => metadata.annotations?.[key] === 'true');
}
