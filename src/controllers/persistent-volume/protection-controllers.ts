import type { Informer } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey, parseKey } from '../runtime/object-keys.ts';
import { byClaim, claimInformer, claimKeysOf, podInformer, volumeInformer } from '../runtime/projections.ts';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** Lets a claim that is being deleted go when no pod uses it any more. */
export function claimProtectionController({ client, informers }: ControllerContext): Controller {
  const claims: Informer<PersistentVolumeClaim> = informers.informer(persistentVolumeClaims, claimInformer);
  const users: Informer<Pod> = informers.informer(pods, podInformer);
  return {
    name: 'persistentvolumeclaim-protection',
    watches: [watching(claims, ownKey), watching(users, ({ object }) => claimKeysOf(object))],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const claim = claims.get(name, namespace);
      if (claim === undefined || !isLeaving(claim, claimFinalizer)) return undefined;
      if ([...users.byIndex(byClaim, key)].some((pod) => uses(pod, key))) return undefined;
      // The cache may lack a pod that was created a moment ago: the server is asked before the claim goes.
      const { items } = await client.list(pods, { namespace, signal });
      if (!items.some((pod) => uses(pod, key)))
        await removeFinalizer(client, persistentVolumeClaims, claim, claimFinalizer, signal);
      return undefined;
    },
  };
}

/** Lets a volume that is being deleted go when it is bound to no claim. */
export function volumeProtectionController({ client, informers }: ControllerContext): Controller {
  const volumes: Informer<PersistentVolume> = informers.informer(persistentVolumes, volumeInformer);
  return {
    name: 'persistentvolume-protection',
    watches: [watching(volumes, ownKey)],
    async reconcile(key, signal) {
      const volume = volumes.get(key);
      if (volume === undefined || !isLeaving(volume, volumeFinalizer) || volume.status?.phase === 'Bound')
        return undefined;
      await removeFinalizer(client, persistentVolumes, volume, volumeFinalizer, signal);
      return undefined;
    },
  };
}

function uses(pod: Pod, claimKey: string): boolean {
  // A finished pod still counts until it is deleted from the node's point of view; one that was never bound does not.
  const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return !finished && (pod.spec?.nodeName ?? '') !== '' && claimKeysOf(pod).includes(claimKey);
}

function isLeaving(object: KubeObject, finalizer: string): boolean {
  return (
    typeof object.metadata.deletionTimestamp === 'string' && object.metadata.finalizers?.includes(finalizer) === true
  );
}

async function removeFinalizer<T extends KubeObject>(
  client: ControllerContext['client'],
  type: ResourceType<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = object.metadata.finalizers?.filter((each) => each !== finalizer);
  await client.update(type, { ...object, metadata: { ...object.metadata, finalizers } }, { signal });
}
