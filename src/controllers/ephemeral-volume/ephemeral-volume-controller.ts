import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import { claimNameOf, notMadeFor } from '../../resources/core/pod/volume-claims.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, parseKey } from '../runtime/object-keys.ts';
import { controllerReference, isControlledBy } from '../runtime/owner-references.ts';
import { byClaim, claimInformer, podInformer } from '../runtime/projections.ts';

/** Makes the claims of generic ephemeral volumes (KEP-1698). They belong to their pods and go with them. */
export function ephemeralVolumeController(context: ControllerContext): Controller {
  const loop = new EphemeralVolumes(context);
  return {
    name: 'ephemeral_volume',
    concurrency: 5,
    watches: [
      // What volumes a pod has never changes.
      watching(loop.pods, ({ type, object, old }) =>
        type !== 'deleted' && old?.metadata.uid !== object.metadata.uid && isConcerned(object) ? [keyOf(object)] : [],
      ),
      watching(loop.claims, ({ type, object }) =>
        type === 'deleted' ? [...loop.pods.byIndex(byClaim, keyOf(object))].filter(isConcerned).map(keyOf) : [],
      ),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

function isConcerned({ spec }: Pod): boolean {
  return spec?.volumes?.some(({ ephemeral }) => ephemeral !== undefined) === true;
}

class EphemeralVolumes {
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly #context: ControllerContext;
  readonly #attempts;
  readonly #failures;

  constructor(context: ControllerContext) {
    const { informers, metrics } = context;
    this.#context = context;
    this.pods = informers.informer(pods, podInformer);
    this.claims = informers.informer(persistentVolumeClaims, claimInformer);
    const name = (of: string) => `ephemeral_volume_controller_${of}`;
    this.#attempts = metrics.counter({ name: name('create_total'), help: 'Claims that were to be made' });
    this.#failures = metrics.counter({ name: name('create_failures_total'), help: 'Claims that could not be made' });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const { name, namespace } = parseKey(key);
    const known = this.pods.get(name, namespace);
    if (known === undefined || known.metadata.deletionTimestamp !== undefined) return;
    if (this.#lacking(known).length === 0) return;
    // What the claim is to be like is too much for every cache of pods.
    const pod = await this.#context.client.get(pods, { namespace, name }, { signal }).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    });
    if (pod === undefined || pod.metadata.uid !== known.metadata.uid) return;
    for (const volume of this.#lacking(pod)) await this.#provide(pod, volume, signal);
  }

  /** Volumes whose claim is not there, or somebody else's. */
  #lacking(pod: Pod): readonly Volume[] {
    return (pod.spec?.volumes ?? []).filter((volume) => {
      if (volume.ephemeral === undefined) return false;
      const claim = this.claims.get(claimNameOf(pod, volume) ?? '', pod.metadata.namespace);
      return claim === undefined || !isControlledBy(claim, pod);
    });
  }

  async #provide(pod: Pod, volume: Volume, signal: AbortSignal): Promise<void> {
    try {
      const claim = claimFor(pod, volume);
      const { name = '', namespace } = claim.metadata;
      if (this.claims.get(name, namespace) !== undefined) throw new Error(notMadeFor(pod, name));
      await this.#make(claim, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = `ephemeral volume ${volume.name}: ${error instanceof Error ? error.message : error}`;
      this.#context.events.event(referenceTo(pods, pod), 'Warning', 'FailedBinding', why);
      throw error;
    }
  }

  async #make(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
    this.#attempts.with().add();
    try {
      await this.#context.client.create(persistentVolumeClaims, claim, { signal });
    } catch (error) {
      this.#failures.with().add();
      throw new Error(`create PVC ${claim.metadata.name}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}

function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const { metadata: { labels, annotations } = {}, spec } = volume.ephemeral?.volumeClaimTemplate ?? {};
  return {
    metadata: {
      namespace: pod.metadata.namespace,
      name: claimNameOf(pod, volume),
      ownerReferences: [controllerReference(pods, pod)],
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
    ...(spec !== undefined && { spec }),
  };
}
