import type { Lister } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../../resources/schema/resource-types.generated.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey } from '../runtime/object-keys.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { claimOwners } from './claim-owners.ts';
import { claimName, makeClaims, makePod, missingIdentity, ordinalOf } from './identity.ts';

/** Creates, mends and deletes the pods and claims of StatefulSets, and tells of it in the sets' events. */
export class StatefulPodControl {
  readonly #context: ControllerContext;
  readonly #claims: Lister<PersistentVolumeClaim>;

  constructor(context: ControllerContext, claims: Lister<PersistentVolumeClaim>) {
    this.#context = context;
    this.#claims = claims;
  }

  async create(
    set: StatefulSet,
    template: PodTemplateSpec,
    revision: string,
    ordinal: number,
    signal: AbortSignal,
  ): Promise<void> {
    const pod = makePod(set, template, revision, ordinal);
    await this.#told('Create', set, pod, signal, async () => {
      await this.createClaims(set, pod, signal);
      const created = await this.#context.client.create(pods, pod, { signal });
      await this.keepClaims(set, created, signal);
    });
  }

  async delete(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#told('Delete', set, pod, signal, async () => {
      try {
        await this.#context.client.delete(pods, objectKey(pod), { signal, preconditions: { uid: pod.metadata.uid } });
      } catch (error) {
        // Gone already, or another pod has its name.
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
    });
  }

  /** Gives the pod the labels of its identity and its claims their owners. */
  async keep(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const labels = missingIdentity(set, pod);
    const claims = this.#claimsToChange(set, pod);
    if (labels === undefined && claims.length === 0) return;
    await this.#told('Update', set, pod, signal, async () => {
      await this.#updateClaims(claims, signal);
      if (labels === undefined) return;
      const body = { metadata: { uid: pod.metadata.uid, labels } };
      await this.#context.client.patch(pods, objectKey(pod), { type: 'merge', body }, { signal });
    });
  }

  /** Creates the claims of a pod that are missing. Throws while one is being deleted. */
  async createClaims(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const { client, events } = this.#context;
    const ordinal = ordinalOf(set, pod.metadata.name ?? '') ?? 0;
    for (const claim of makeClaims(set, ordinal)) {
      const { namespace, name = '' } = claim.metadata;
      const existing = this.#claims.get(name, namespace);
      if (existing?.metadata.deletionTimestamp !== undefined) throw new Error(`pvc ${name} is being deleted`);
      if (existing !== undefined) continue;
      const about = referenceTo(statefulSets, set);
      const names = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
      try {
        await client.create(persistentVolumeClaims, claim, { signal });
        events.event(about, 'Normal', 'SuccessfulCreate', `Create Claim ${name} ${names} success`);
      } catch (error) {
        // The cache was late: the claim outlived an earlier pod.
        if (isReason(error, 'AlreadyExists')) continue;
        const message = `Create Claim ${name} for ${names} failed error: ${messageOf(error)}`;
        if (signal.aborted || isNamespaceTerminating(error)) throw error;
        events.event(about, 'Warning', 'FailedCreate', message);
        throw new Error(`failed to create PVC ${name}: ${messageOf(error)}`, { cause: error });
      }
    }
  }

  /** Gives the claims of a pod the owners that the set's retention policy asks for. */
  async keepClaims(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#updateClaims(this.#claimsToChange(set, pod), signal);
  }

  /** Claims of a pod as they should be, where they are not so already. Tells of those that somebody else controls. */
  #claimsToChange(set: StatefulSet, pod: Pod): readonly PersistentVolumeClaim[] {
    const ordinal = ordinalOf(set, pod.metadata.name ?? '') ?? 0;
    return (set.spec.volumeClaimTemplates ?? []).flatMap((template) => {
      const claim = this.#claims.get(claimName(set, template, ordinal), set.metadata.namespace);
      const change = claim === undefined ? undefined : claimOwners(set, pod, claim);
      if (claim === undefined || change === undefined) return [];
      if (change !== 'conflict') return [{ ...claim, metadata: { ...claim.metadata, ownerReferences: change.owners } }];
      const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`;
      const about = referenceTo(persistentVolumeClaims, claim);
      this.#context.events.event(about, 'Warning', 'ConflictingController', message);
      return [];
    });
  }

  async #updateClaims(claims: readonly PersistentVolumeClaim[], signal: AbortSignal): Promise<void> {
    for (const claim of claims) await this.#context.client.update(persistentVolumeClaims, claim, { signal });
  }

  async #told(
    verb: 'Create' | 'Delete' | 'Update',
    set: StatefulSet,
    pod: Pod,
    signal: AbortSignal,
    act: () => Promise<void>,
  ): Promise<void> {
    const { events } = this.#context;
    const about = referenceTo(statefulSets, set);
    const subject = `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await act();
      events.event(about, 'Normal', `Successful${verb}`, `${subject} successful`);
    } catch (error) {
      const isNews = !isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error) && !signal.aborted;
      if (isNews) events.event(about, 'Warning', `Failed${verb}`, `${subject} failed error: ${messageOf(error)}`);
      throw error;
    }
  }
}
