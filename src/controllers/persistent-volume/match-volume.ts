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
  const wanted = wholeValueOf(claim.spec?.resources?.requests?.['storage'] ?? 0);
  let best: { readonly volume: PersistentVolume; readonly bytes: number } | undefined;
  for (const volume of volumes) {
    if (typeof volume.metadata.deletionTimestamp === 'string') continue;
    const bytes = wholeValueOf(volume.spec?.capacity?.['storage'] ?? 0);
    if (bytes < wanted || !isSuitable(volume, claim)) continue;
    if (isReservedFor(volume, claim)) return volume;
    if (volume.spec?.claimRef !== undefined || volume.status?.phase !== 'Available') continue;
    if (selector !== undefined && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (best === undefined || bytes < best.bytes) best = { volume, bytes };
  }
  return best?.volume;
}

/** Class, mode and ways of access; capacity aside. */
function isSuitable(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    storageClassNameOf(volume) === storageClassNameOf(claim) &&
    (volume.spec?.volumeMode ?? 'Filesystem') === (claim.spec?.volumeMode ?? 'Filesystem') &&
    (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode) === true)
  );
}
