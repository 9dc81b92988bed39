import {
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttributesClasses,
} from '../../resources/schema/resource-types.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

/** Claims, volumes and classes of their attributes do not vanish under those who use them: a finalizer holds them until a controller finds them unused. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(attributes: AdmissionAttributes): void {
    if (attributes.operation !== 'CREATE' || attributes.object === undefined) return;
    if (appliesTo(attributes, persistentVolumeClaims)) protect(attributes.object, 'kubernetes.io/pvc-protection');
    if (appliesTo(attributes, persistentVolumes)) protect(attributes.object, 'kubernetes.io/pv-protection');
    if (appliesTo(attributes, volumeAttributesClasses)) protect(attributes.object, 'kubernetes.io/vac-protection');
  },
};

function protect({ metadata }: NonNullable<AdmissionAttributes['object']>, finalizer: string): void {
  const finalizers = metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) metadata.finalizers = [...finalizers, finalizer];
}
