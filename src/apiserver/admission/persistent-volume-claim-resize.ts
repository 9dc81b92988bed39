import type { Informer } from '../../client/informer.ts';
import type { Draft } from '../../machinery/object.ts';
import { compareQuantities, parseQuantity } from '../../machinery/quantity.ts';
import { storageClassNameOf } from '../../resources/core/storage-class-name.ts';
import type { PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

type Claim = PersistentVolumeClaim | Draft<PersistentVolumeClaim>;

/** A claim grows only once it is bound, and only where its class says that volumes can grow. */
export function persistentVolumeClaimResize(classes: Informer<StorageClass>): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(attributes: AdmissionAttributes): void {
      if (attributes.operation !== 'UPDATE' || !appliesTo(attributes, persistentVolumeClaims)) return;
      const claim = attributes.object as Draft<PersistentVolumeClaim>;
      const old = attributes.old as PersistentVolumeClaim;
      if (!grows(claim, old)) return;
      if (old.status?.phase !== 'Bound') {
        throw admissionForbidden(attributes, 'Only bound persistent volume claims can be expanded');
      }
      const name = storageClassNameOf(claim);
      if (name !== '' && name === storageClassNameOf(old) && classes.get(name)?.allowVolumeExpansion === true) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw admissionForbidden(attributes, why);
    },
  };
}

function grows(claim: Claim, old: Claim): boolean {
  const size = (each: Claim) => parseQuantity(each.spec?.resources?.requests?.['storage'] ?? '0');
  return compareQuantities(size(claim), size(old)) > 0;
}
