import type { OwnerReference } from '../../machinery/object.ts';
import { equal } from '../../resources/equal.ts';
import type { StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods, statefulSets } from '../../resources/schema/resource-types.generated.ts';
import { controllerReference } from '../runtime/owner-references.ts';
import { isInRange, ordinalOf } from './identity.ts';

/**
 * Which owners a claim should have so that it goes when its set's retention policy says (KEP-1847): the set, so that it goes with it; the
 * pod, so that it goes when the pod is scaled away. Undefined when it has them already. `conflict`: someone else controls it.
 */
export function claimOwners(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
): { readonly owners: readonly OwnerReference[] } | 'conflict' | undefined {
  const existing = claim.metadata.ownerReferences ?? [];
  const isOurs = ({ uid, kind, name }: OwnerReference) =>
    uid === set.metadata.uid ||
    uid === pod.metadata.uid ||
    (kind === pods.kind && name === pod.metadata.name) ||
    (kind === statefulSets.kind && name === set.metadata.name);
  const others = existing.filter((reference) => !isOurs(reference));
  const wanted = wantedOwner(set, pod);
  if (wanted !== undefined && others.some((reference) => reference.controller === true)) return 'conflict';
  const owners = wanted === undefined ? others : [...others, wanted];
  return equal(owners, existing) ? undefined : { owners };
}

function wantedOwner(set: StatefulSet, pod: Pod): OwnerReference | undefined {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const ordinal = ordinalOf(set, pod.metadata.name ?? '');
  const scaledAway = ordinal !== undefined && !isInRange(set, ordinal);
  if (whenScaled === 'Delete' && scaledAway) return controllerReference(pods, pod);
  return whenDeleted === 'Delete' ? controllerReference(statefulSets, set) : undefined;
}

/** Whether the claim belongs to an earlier pod of this name, with which it will be collected. */
export function isLeavingWithPod(claim: PersistentVolumeClaim, podName: string, current: Pod | undefined): boolean {
  return (claim.metadata.ownerReferences ?? []).some(
    ({ kind, name, uid }) => kind === pods.kind && name === podName && uid !== current?.metadata.uid,
  );
}
