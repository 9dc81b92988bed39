import type { PersistentVolume, PersistentVolumeSpec } from '../../schema/core-v1.generated.ts';
import { storageClassAnnotation } from '../storage-class-name.ts';

/** Volumes that no node mounts any more: field, how it is called in the warning, and since when. */
const outdated: readonly (readonly [field: keyof PersistentVolumeSpec, shown: string, fate: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export function volumeWarnings({ metadata, spec = {} }: PersistentVolume): readonly string[] {
  const lines: string[] = [];
  if (metadata.annotations?.[storageClassAnnotation] !== undefined) {
    const fate = 'deprecated since v1.8; use "storageClassName" attribute instead';
    lines.push(`metadata.annotations[${storageClassAnnotation}]: ${fate}`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const fate =
      'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
    lines.push(`spec.persistentVolumeReclaimPolicy: ${fate}`);
  }
  for (const [field, shown, fate] of outdated) if (spec[field] !== undefined) lines.push(`spec.${shown}: ${fate}`);
  return lines;
}
