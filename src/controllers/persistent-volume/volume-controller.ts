import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { claimInformer, volumeInformer } from '../runtime/projections.ts';
import { localPathProvisioner } from './local-path.ts';

/** Follows volumes through their phases: Available, Bound, Released, and what their reclaim policy says then. */
export function volumeController({ client, informers, events }: ControllerContext): Controller {
  const volumes: Informer<PersistentVolume> = informers.informer(persistentVolumes, volumeInformer);
  const claims: Informer<PersistentVolumeClaim> = informers.informer(persistentVolumeClaims, claimInformer);

  const setPhase = async (
    volume: PersistentVolume,
    phase: string,
    signal: AbortSignal,
    message?: string,
  ): Promise<PersistentVolume> => {
    if (volume.status?.phase === phase) return volume;
    const { message: _, ...status } = volume.status ?? {};
    const changed = { ...status, phase, ...(message !== undefined && { message }) };
    return await client.update(persistentVolumes, { ...volume, status: changed }, { subresource: 'status', signal });
  };

  /** The cache may be behind: a volume is only given up when the server says that its claim is gone. */
  const claimIsGone = async (volume: PersistentVolume, signal: AbortSignal): Promise<boolean> => {
    const { name = '', namespace, uid } = volume.spec?.claimRef ?? {};
    if (claims.get(name, namespace)?.metadata.uid === uid) return false;
    try {
      return (await client.get(persistentVolumeClaims, { namespace, name }, { signal })).metadata.uid !== uid;
    } catch (error) {
      if (isReason(error, 'NotFound')) return true;
      throw error;
    }
  };

  return {
    name: 'persistentvolume-reclaimer',
    watches: [
      watching(volumes, ownKey),
      watching(claims, ({ object }) => (object.spec?.volumeName === undefined ? [] : [object.spec.volumeName])),
    ],
    async reconcile(key, signal) {
      const volume = volumes.get(parseKey(key).name);
      if (volume === undefined || typeof volume.metadata.deletionTimestamp === 'string') return undefined;
      const reference = volume.spec?.claimRef;
      if (reference === undefined || (reference.uid ?? '') === '') {
        await setPhase(volume, 'Available', signal);
        return undefined;
      }
      // What could not be reclaimed is left to its users.
      if (volume.status?.phase === 'Failed' || !(await claimIsGone(volume, signal))) return undefined;
      const released = await setPhase(volume, 'Released', signal);
      const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
      const provisioner = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'];
      if (policy === 'Retain') return undefined;
      if (policy === 'Delete' && provisioner === localPathProvisioner) {
        await client.delete(persistentVolumes, objectKey(volume), {
          preconditions: { uid: volume.metadata.uid },
          signal,
        });
        return undefined;
      }
      // Whoever provisioned it deletes it as well.
      if (policy === 'Delete' && (provisioner !== undefined || volume.spec?.csi !== undefined)) return undefined;
      const [reason, message] =
        policy === 'Recycle'
          ? ['VolumeFailedRecycle', 'No recycler plugin found for the volume!']
          : ['VolumeFailedDelete', `error getting deleter volume plugin for volume "${key}": no volume plugin matched`];
      await setPhase(released, 'Failed', signal, message);
      events.event(referenceTo(persistentVolumes, volume), 'Warning', reason, message);
      return undefined;
    },
  };
}
