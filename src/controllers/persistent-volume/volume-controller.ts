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

  const setPhase = async (volume: PersistentVolume, phase: string, signal: AbortSignal): Promise<void> => {
    if (volume.status?.phase === phase) return;
    await client.update(
      persistentVolumes,
      { ...volume, status: { ...volume.status, phase } },
      { subresource: 'status', signal },
    );
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
      if (!(await claimIsGone(volume, signal))) return undefined;
      if (volume.status?.phase === 'Pending' || volume.status?.phase === undefined) return undefined;
      await setPhase(volume, 'Released', signal);
      const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
      if (policy === 'Retain') return undefined;
      if (
        policy === 'Delete' &&
        volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === localPathProvisioner
      ) {
        await client.delete(persistentVolumes, objectKey(volume), {
          preconditions: { uid: volume.metadata.uid },
          signal,
        });
        return undefined;
      }
      const message =
        policy === 'Recycle'
          ? 'No recycler plugin found for the volume!'
          : 'error getting deleter volume plugin for volume: no deletable volume plugin matched';
      events.event(
        referenceTo(persistentVolumes, volume),
        'Warning',
        policy === 'Recycle' ? 'VolumeFailedRecycle' : 'VolumeFailedDelete',
        message,
      );
      await setPhase(volume, 'Failed', signal);
      return undefined;
    },
  };
}
