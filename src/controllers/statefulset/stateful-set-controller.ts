import type { Informer } from '../../client/informer.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { ControllerRevision, StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../resources/schema/resource-types.generated.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { cachedOwner, controllerOf } from '../runtime/owner-references.ts';
import { nextAvailabilityMs } from '../runtime/pods.ts';
import {
  byController,
  claimInformer,
  orphansOf,
  podInformer,
  revisionInformer,
  withoutManagedFields,
} from '../runtime/projections.ts';
import { templateOf } from '../runtime/revisions.ts';
import { slowStart } from '../runtime/slow-start.ts';
import { updateStatus } from '../runtime/update-status.ts';
import { isLeavingWithPod } from './claim-owners.ts';
import {
  decideStatefulSet,
  isParallel,
  type StatefulSetAction,
  type StatefulSetSnapshot,
  statefulSetStatus,
} from './decide-stateful-set.ts';
import { claimName, ordinalOf, podName } from './identity.ts';
import { expendableRevisions, type SetRevisions, syncSetRevisions } from './revisions.ts';
import { StatefulPodControl } from './stateful-pod-control.ts';

/** Keeps pods that have a name, an order and claims of their own. */
export function statefulSetController(context: ControllerContext): Controller {
  const loop = new StatefulSetLoop(context);
  return {
    name: 'statefulset',
    watches: [
      watching(loop.sets, ownKey),
      watching(loop.pods, (change) => loop.podChanged(change)),
      watching(loop.claims, (change) => loop.claimChanged(change)),
      // Waited for, since they are read; nobody else changes them.
      watching(loop.revisions, () => []),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class StatefulSetLoop {
  readonly sets: Informer<StatefulSet>;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly revisions: Informer<ControllerRevision>;
  readonly #context: ControllerContext;
  readonly #podControl: StatefulPodControl;

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.sets = informers.informer(statefulSets, { projection: withoutManagedFields<StatefulSet> });
    this.pods = informers.informer(pods, podInformer);
    this.claims = informers.informer(persistentVolumeClaims, claimInformer);
    this.revisions = informers.informer(controllerRevisions, revisionInformer);
    this.#podControl = new StatefulPodControl(context, this.claims);
  }

  podChanged({ object: pod, old, type }: Change<Pod>): Iterable<string> {
    const keys = new Set<string>();
    for (const each of old === undefined ? [pod] : [pod, old]) {
      const owner = cachedOwner(this.sets, each);
      if (owner !== undefined) keys.add(keyOf(owner));
    }
    if (controllerOf(pod) === undefined && type !== 'deleted') {
      for (const set of this.sets.list(pod.metadata.namespace ?? '')) {
        const isMember = ordinalOf(set, pod.metadata.name ?? '') !== undefined;
        if (isMember && compileLabelSelector(set.spec.selector).matches(pod.metadata.labels)) keys.add(keyOf(set));
      }
    }
    return keys;
  }

  /** A claim that was leaving is gone: the pod that waits for its name may come. */
  *claimChanged({ object: claim, type }: Change<PersistentVolumeClaim>): Iterable<string> {
    if (type !== 'deleted') return;
    const { name = '', namespace = '' } = claim.metadata;
    for (const set of this.sets.list(namespace)) {
      const templates = set.spec.volumeClaimTemplates ?? [];
      if (templates.some((template) => name.startsWith(`${template.metadata.name}-${set.metadata.name}-`)))
        yield keyOf(set);
    }
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const set = this.sets.get(name, namespace);
    if (set === undefined) return undefined;
    const owned = await this.#claimPods(set, signal);
    const revisions = await syncSetRevisions(
      this.#context.client,
      set,
      await this.#claimRevisions(set, signal),
      signal,
    );
    const now = this.#context.environment.now();
    const snapshot: StatefulSetSnapshot = {
      set,
      currentRevision: revisions.current.metadata.name ?? '',
      updateRevision: revisions.update.metadata.name ?? '',
      collisionCount: revisions.collisionCount,
      pods: owned,
      claimIsLeaving: (ordinal) => this.#claimIsLeaving(set, ordinal),
      now,
    };
    let failure: unknown;
    await this.#perform(snapshot, revisions, signal).catch((error: unknown) => {
      failure = error;
    });
    signal.throwIfAborted();
    await updateStatus({
      client: this.#context.client,
      type: statefulSets,
      object: set,
      status: statefulSetStatus(snapshot),
      signal,
    });
    if (failure !== undefined) throw failure;
    await this.#truncateHistory(set, revisions, owned, signal);
    const nextMs = nextAvailabilityMs(owned, set.spec.minReadySeconds ?? 0, now);
    return { requeueAfterMs: nextMs, restMs: restAfter(owned.length) };
  }

  /** In order, up to the first that fails; those that need not wait for each other are created in growing batches. */
  async #perform(snapshot: StatefulSetSnapshot, revisions: SetRevisions, signal: AbortSignal): Promise<void> {
    const { set } = snapshot;
    const actions = decideStatefulSet(snapshot);
    const creations = isParallel(set) ? actions.filter((action) => action.type === 'create') : [];
    for (const action of actions) {
      if (creations.length > 0 && action.type === 'create') continue;
      await this.#act(set, action, revisions, signal);
    }
    const result = await slowStart(creations.length, async (index) => {
      const action = creations[index];
      if (action !== undefined) await this.#act(set, action, revisions, signal);
    });
    if (result.error !== undefined) throw result.error;
  }

  async #act(set: StatefulSet, action: StatefulSetAction, revisions: SetRevisions, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case 'create': {
        const revision = action.revision === 'current' ? revisions.current : revisions.update;
        const { name = '' } = revision.metadata;
        return await this.#podControl.create(set, templateOf(revision), name, action.ordinal, signal);
      }
      case 'createClaims':
        return await this.#podControl.createClaims(set, action.pod, signal);
      case 'keep':
        return await this.#podControl.keep(set, action.pod, signal);
      case 'prepareRemoval':
        return await this.#podControl.keepClaims(set, action.pod, signal);
      case 'delete':
        return await this.#podControl.delete(set, action.pod, signal);
    }
  }

  async #claimPods(set: StatefulSet, signal: AbortSignal): Promise<readonly Pod[]> {
    const candidates = [
      ...this.pods.byIndex(byController, set.metadata.uid ?? ''),
      ...this.pods.byIndex(byController, orphansOf(set.metadata.namespace ?? '')),
    ];
    return await claimObjects({
      client: this.#context.client,
      ownerType: statefulSets,
      owner: set,
      selector: compileLabelSelector(set.spec.selector),
      type: pods,
      // A pod with another name is never one of the set's, whatever its labels.
      objects: candidates.filter((pod) => ordinalOf(set, pod.metadata.name ?? '') !== undefined),
      signal,
    });
  }

  async #claimRevisions(set: StatefulSet, signal: AbortSignal): Promise<readonly ControllerRevision[]> {
    return await claimObjects({
      client: this.#context.client,
      ownerType: statefulSets,
      owner: set,
      selector: compileLabelSelector(set.spec.selector),
      type: controllerRevisions,
      objects: [
        ...this.revisions.byIndex(byController, set.metadata.uid ?? ''),
        ...this.revisions.byIndex(byController, orphansOf(set.metadata.namespace ?? '')),
      ],
      signal,
    });
  }

  #claimIsLeaving(set: StatefulSet, ordinal: number): boolean {
    const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
    if (whenDeleted !== 'Delete' && whenScaled !== 'Delete') return false;
    return (set.spec.volumeClaimTemplates ?? []).some((template) => {
      const claim = this.claims.get(claimName(set, template, ordinal), set.metadata.namespace);
      return claim !== undefined && isLeavingWithPod(claim, podName(set, ordinal), undefined);
    });
  }

  async #truncateHistory(
    set: StatefulSet,
    revisions: SetRevisions,
    owned: readonly Pod[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const revision of expendableRevisions(set, revisions, owned)) {
      try {
        await this.#context.client.delete(controllerRevisions, objectKey(revision), { signal });
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }
}
