import type { Informer } from '../../client/informer.ts';
import { findCondition, saysTheSame, withStatusCondition } from '../../machinery/conditions.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { formatTime } from '../../machinery/time.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimCondition,
  Pod,
} from '../../resources/schema/core-v1.generated.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttributesClasses,
} from '../../resources/schema/resource-types.generated.ts';
import type { VolumeAttributesClass } from '../../resources/schema/storage-v1.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey, parseKey } from '../runtime/object-keys.ts';
import {
  attributesClassInformer,
  byClaim,
  claimInformer,
  claimKeysOf,
  podInformer,
  volumeInformer,
} from '../runtime/projections.ts';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const attributesClassFinalizer = 'kubernetes.io/vac-protection';

/** Lets a claim that is being deleted go when no pod uses it any more, and tells of the others since when none has named them. */
export function claimProtectionController({ client, informers, environment }: ControllerContext): Controller {
  const claims: Informer<PersistentVolumeClaim> = informers.informer(persistentVolumeClaims, claimInformer);
  const users: Informer<Pod> = informers.informer(pods, podInformer);
  return {
    name: 'persistentvolumeclaim-protection',
    watches: [watching(claims, ownKey), watching(users, ({ object }) => claimKeysOf(object))],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const claim = claims.get(name, namespace);
      if (claim === undefined) return undefined;
      const condition = unused([...users.byIndex(byClaim, key)].every(isFinished), formatTime(environment.now()));
      const { conditions = [] } = claim.status ?? {};
      const isKnown = saysTheSame(findCondition(conditions, condition.type), condition);
      if (!isKnown && claim.status?.phase === 'Bound') {
        const status = { ...claim.status, conditions: withStatusCondition(conditions, condition) };
        await client.update(persistentVolumeClaims, { ...claim, status }, { subresource: 'status', signal });
        return undefined;
      }
      if (!isLeaving(claim, claimFinalizer)) return undefined;
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

/** Lets a class of volume attributes that is being deleted go when no volume has it, and no claim has it or asks for it. */
export function attributesClassProtectionController({ client, informers }: ControllerContext): Controller {
  const classes: Informer<VolumeAttributesClass> = informers.informer(volumeAttributesClasses, attributesClassInformer);
  const claims: Informer<PersistentVolumeClaim> = informers.informer(persistentVolumeClaims, claimInformer);
  const volumes: Informer<PersistentVolume> = informers.informer(persistentVolumes, volumeInformer);
  return {
    name: 'volumeattributesclass-protection',
    watches: [
      watching(classes, ownKey),
      watching(claims, ({ object, old }) => [...classesOfClaim(object), ...(old ? classesOfClaim(old) : [])]),
      watching(volumes, ({ object, old }) => [...classesOfVolume(object), ...(old ? classesOfVolume(old) : [])]),
    ],
    async reconcile(name, signal) {
      const each = classes.get(name);
      if (each === undefined || !isLeaving(each, attributesClassFinalizer)) return undefined;
      const used =
        [...volumes.list()].some((volume) => classesOfVolume(volume).includes(name)) ||
        [...claims.list()].some((claim) => classesOfClaim(claim).includes(name));
      if (!used) await removeFinalizer(client, volumeAttributesClasses, each, attributesClassFinalizer, signal);
      return undefined;
    },
  };
}

function classesOfVolume({ spec }: PersistentVolume): readonly string[] {
  return named(spec?.volumeAttributesClassName);
}

/** The class that a claim asks for, has, and is being changed to. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): readonly string[] {
  return named(
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  );
}

function named(...names: readonly (string | undefined)[]): readonly string[] {
  return names.filter((name) => name !== undefined && name !== '') as readonly string[];
}

/** Whether no pod that runs or will run names a claim. */
function unused(holds: boolean, since: string): PersistentVolumeClaimCondition {
  return {
    type: 'Unused',
    status: holds ? 'True' : 'False',
    reason: holds ? 'NoPodsUsingPVC' : 'PodUsingPVC',
    message: holds ? 'No pods are currently referencing this PVC' : 'A pod is currently referencing this PVC',
    lastTransitionTime: since,
  };
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function uses(pod: Pod, claimKey: string): boolean {
  // One that was never bound to a node holds nothing.
  return !isFinished(pod) && (pod.spec?.nodeName ?? '') !== '' && claimKeysOf(pod).includes(claimKey);
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
