import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { wholeValueOf } from '../../machinery/quantity.ts';
import { storageClassNameOf } from '../../resources/core/storage-class-name.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';

/** Whether a volume has been set aside for a claim, by its user or because it is bound to it. */
export function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  if (reference === undefined) return false;
  const same = reference.name === claim.metadata.name && reference.namespace === claim.metadata.namespace;
  return same && (reference.uid === undefined || reference.uid === '' || reference.uid === claim.metadata.uid);
}

/** The smallest volume that satisfies a claim; one that was reserved for it goes first. */
export function matchVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
): PersistentVolume | undefined {
  const selector = claim.spec?.selector === undefined ? undefined : compileLabelSelector(claim.spec.selector);
  let best: { readonly volume: PersistentVolume; readonly bytes: number } | undefined;
  for (const volume of volumes) {
    if (typeof volume.metadata.deletionTimestamp === 'string') continue;
    if (mismatch(volume, claim) !== undefined) continue;
    const bytes = capacityBytes(volume);
    if (isReservedFor(volume, claim)) return volume;
    if (volume.spec?.claimRef !== undefined || volume.status?.phase !== 'Available') continue;
    if (selector !== undefined && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (best === undefined || bytes < best.bytes) best = { volume, bytes };
  }
  return best?.volume;
}

/** Why a volume does not satisfy a claim, in Kubernetes' words. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const wantedBytes = wholeValueOf(claim.spec?.resources?.requests?.['storage'] ?? 0);
  if (capacityBytes(volume) < wantedBytes) return 'requested PV is too small';
  if (storageClassNameOf(volume) !== storageClassNameOf(claim)) return 'storageClassName does not match';
  if ((volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem'))
    return 'incompatible volumeMode';
  const held = volume.spec?.accessModes;
  return claim.spec?.accessModes?.every((mode) => held?.includes(mode) === true) === false
    ? 'incompatible accessMode'
    : undefined;
}

function capacityBytes({ spec }: PersistentVolume): number {
  return wholeValueOf(spec?.capacity?.['storage'] ?? 0);
}
