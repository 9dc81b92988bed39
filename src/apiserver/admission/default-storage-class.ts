import type { Informer } from '../../client/informer.ts';
import type { Draft } from '../../machinery/object.ts';
import { namesClass } from '../../resources/core/storage-class-name.ts';
import type { PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { defaultClassOf } from '../../resources/storage/default-class.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

/** Gives claims that name no class the default one, the newest where there are several. */
export function defaultStorageClass(classes: Informer<StorageClass>): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    admit(attributes: AdmissionAttributes): void {
      if (attributes.operation !== 'CREATE' || !appliesTo(attributes, persistentVolumeClaims)) return;
      const claim = attributes.object as Draft<PersistentVolumeClaim>;
      if (claim.spec === undefined || namesClass(claim)) return;
      const first = defaultClassOf(classes.list());
      if (first !== undefined) claim.spec.storageClassName = first.metadata.name ?? '';
    },
  };
}
