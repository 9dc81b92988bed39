import type { Lister } from '../../client/informer.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import { type CycleState, type Plugin, rejected, type Snapshot } from '../framework.ts';

/** How many placed pods use each of the claims that the pod at hand wants for itself alone, by the claim's name. */
type Users = Map<string, number>;

const name = 'VolumeRestrictions';

/** Keeps volumes apart that no two pods may have at once: claims of one pod only (KEP-2485), and disks that one node mounts once. */
export function volumeRestrictions(claims: Lister<PersistentVolumeClaim>): Plugin {
  return {
    name,
    retryOn: ['NodeAdded', 'PodDeleted', 'VolumesChanged', 'PodUpdated'],
    preFilter(state, { pod }, snapshot) {
      const own = claimNames(pod).filter((claim) => isForOnePod(claims.get(claim, pod.metadata.namespace)));
      if (own.length > 0) state.set(name, countUsers(own, pod, snapshot));
      return own.length > 0 || pod.spec?.volumes?.some(isDisk) === true ? undefined : 'skip';
    },
    filter(state, { pod }, node) {
      const used = [...((state.get(name) as Users | undefined)?.values() ?? [])].some((count) => count > 0);
      if (used)
        return rejected(
          'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
        );
      const disks = pod.spec?.volumes?.filter(isDisk) ?? [];
      if (disks.length === 0) return undefined;
      for (const { pod: placed } of node.pods.values()) {
        if (placed.spec?.volumes?.some((held) => disks.some((wanted) => cannotShare(held, wanted))) === true)
          return rejected('node(s) had no available disk');
      }
      return undefined;
    },
    podRemoved: (state, { pod }, removed) => adjust(state, pod, removed.pod, -1),
    podAdded: (state, { pod }, added) => adjust(state, pod, added.pod, 1),
  };
}

function claimNames(pod: Pod): readonly string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => claimNameOf(pod, volume) ?? []);
}

function isForOnePod(claim: PersistentVolumeClaim | undefined): boolean {
  return claim?.spec?.accessModes?.includes('ReadWriteOncePod') === true;
}

function countUsers(own: readonly string[], pod: Pod, { nodes }: Snapshot): Users {
  const users: Users = new Map(own.map((claim) => [claim, 0]));
  for (const node of nodes) for (const placed of node.pods.values()) count(users, pod, placed.pod, 1);
  return users;
}

function count(users: Users, pod: Pod, other: Pod, change: 1 | -1): void {
  if (other.metadata.namespace !== pod.metadata.namespace) return;
  for (const claim of claimNames(other)) {
    const before = users.get(claim);
    if (before !== undefined) users.set(claim, before + change);
  }
}

function adjust(state: CycleState, pod: Pod, other: Pod, change: 1 | -1): void {
  const users = state.get(name) as Users | undefined;
  if (users !== undefined) count(users, pod, other, change);
}

function isDisk({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean {
  return [gcePersistentDisk, awsElasticBlockStore, iscsi, rbd].some((source) => source !== undefined);
}

/** Whether both are one disk that only readers, or nobody at all, may share on a node. */
function cannotShare(a: Volume, b: Volume): boolean {
  const writes = (...sources: readonly { readonly readOnly?: boolean | undefined }[]) =>
    sources.some(({ readOnly }) => readOnly !== true);
  if (a.gcePersistentDisk !== undefined && b.gcePersistentDisk !== undefined) {
    const same = a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName;
    if (same && writes(a.gcePersistentDisk, b.gcePersistentDisk)) return true;
  }
  if (a.awsElasticBlockStore !== undefined && a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore?.volumeID)
    return true;
  if (a.iscsi !== undefined && b.iscsi !== undefined && a.iscsi.iqn === b.iscsi.iqn && writes(a.iscsi, b.iscsi))
    return true;
  if (a.rbd === undefined || b.rbd === undefined || !writes(a.rbd, b.rbd)) return false;
  const { monitors, pool, image } = b.rbd;
  return a.rbd.monitors.some((each) => monitors.includes(each)) && a.rbd.pool === pool && a.rbd.image === image;
}
