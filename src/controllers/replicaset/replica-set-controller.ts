import type { Informer } from '../../client/informer.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { equal } from '../../resources/equal.ts';
import type { ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods, replicaSets } from '../../resources/schema/resource-types.generated.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import { controllerOf } from '../runtime/owner-references.ts';
import { isNamespaceTerminating, messageOf, PodControl } from '../runtime/pod-control.ts';
import { isPodActive, isPodReady, isPodTerminating, nextAvailabilityMs } from '../runtime/pods.ts';
import { byController, controllerIndex, orphansOf, podInformer, withoutManagedFields } from '../runtime/projections.ts';
import { slowStart } from '../runtime/slow-start.ts';
import { updateStatus } from '../runtime/update-status.ts';
import { podsToDelete } from './pods-to-delete.ts';
import { replicaSetStatus } from './replica-set-status.ts';

/** So many pods are created or deleted at most before the caches are looked at again. */
const burst = 500;

/** How ReplicaSets are asked for. */
export const replicaSetInformer = {
  projection: withoutManagedFields<ReplicaSet>,
  indexes: { [byController]: controllerIndex },
};

/** Keeps as many pods as a ReplicaSet asks for. */
export function replicaSetController(context: ControllerContext): Controller {
  const loop = new ReplicaSetLoop(context);
  return {
    name: 'replicaset',
    watches: [
      watching(loop.replicaSets, (change) => loop.replicaSetChanged(change)),
      watching(loop.pods, (change) => loop.podChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class ReplicaSetLoop {
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.replicaSets = context.informers.informer(replicaSets, replicaSetInformer);
    this.pods = context.informers.informer(pods, podInformer);
    this.#podControl = new PodControl(context.client, context.events);
    this.#expectations = new Expectations(context.environment);
  }

  replicaSetChanged(change: Change<ReplicaSet>): Iterable<string> {
    // Another one of the same name begins anew.
    if (change.type === 'deleted') this.#expectations.forget(keyOf(change.object));
    return ownKey(change);
  }

  podChanged(change: Change<Pod>): Iterable<string> {
    const { object: pod, old } = change;
    const owner = this.#ownerOf(pod);
    if (owner !== undefined) {
      const gone = change.type === 'deleted' || pod.metadata.deletionTimestamp !== undefined;
      if (gone) this.#expectations.deletionObserved(keyOf(owner), keyOf(pod));
      else if (change.type === 'added') this.#expectations.creationObserved(keyOf(owner));
    }
    const keys = new Set<string>();
    if (owner !== undefined) keys.add(keyOf(owner));
    if (old !== undefined && controllerOf(old)?.uid !== controllerOf(pod)?.uid) {
      const before = this.#ownerOf(old);
      if (before !== undefined) keys.add(keyOf(before));
    }
    const mayBeAdopted = change.type === 'added' || (old !== undefined && !sameClaim(old, pod));
    if (mayBeAdopted && controllerOf(pod) === undefined && pod.metadata.deletionTimestamp === undefined) {
      for (const replicaSet of this.#selecting(pod)) keys.add(keyOf(replicaSet));
    }
    return keys;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const replicaSet = this.replicaSets.get(name, namespace);
    if (replicaSet === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    // Asked before the pods are read: what is seen in between only makes the caches newer.
    const upToDate = this.#expectations.satisfied(key);
    const selector = compileLabelSelector(replicaSet.spec.selector);
    const candidates = this.#candidates(replicaSet);
    const active = await claimObjects({
      client: this.#context.client,
      ownerType: replicaSets,
      owner: replicaSet,
      selector,
      type: pods,
      objects: candidates.filter(isPodActive),
      signal,
    });
    const terminating = candidates.filter(
      (pod) =>
        isPodTerminating(pod) &&
        controllerOf(pod)?.uid === replicaSet.metadata.uid &&
        selector.matches(pod.metadata.labels),
    );
    let failure: unknown;
    if (upToDate && replicaSet.metadata.deletionTimestamp === undefined) {
      failure = await this.#manage(key, replicaSet, active, signal).then(
        () => undefined,
        (error: unknown) => error ?? new Error('unknown failure'),
      );
    }
    return this.#finish(replicaSet, active, terminating, failure, signal);
  }

  async #finish(
    replicaSet: ReplicaSet,
    active: readonly Pod[],
    terminating: readonly Pod[],
    failure: unknown,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    signal.throwIfAborted();
    const now = this.#context.environment.now();
    await updateStatus({
      client: this.#context.client,
      type: replicaSets,
      object: replicaSet,
      status: replicaSetStatus({
        replicaSet,
        active,
        terminating,
        failure: failure === undefined ? undefined : { message: messageOf(failure) },
        now,
      }),
      signal,
    });
    if (failure !== undefined) throw failure;
    const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
    const nextMs = nextAvailabilityMs(active.filter(isPodReady), minReadySeconds, now);
    return { requeueAfterMs: nextMs, restMs: restAfter(active.length) };
  }

  async #manage(key: string, replicaSet: ReplicaSet, active: readonly Pod[], signal: AbortSignal): Promise<void> {
    const surplus = active.length - (replicaSet.spec.replicas ?? 1);
    if (surplus < 0) await this.#create(key, replicaSet, Math.min(-surplus, burst), signal);
    else if (surplus > 0) await this.#delete(key, replicaSet, active, Math.min(surplus, burst), signal);
  }

  async #create(key: string, replicaSet: ReplicaSet, count: number, signal: AbortSignal): Promise<void> {
    this.#expectations.expectCreations(key, count);
    const result = await slowStart(count, async () => {
      try {
        await this.#podControl.create(replicaSets, replicaSet, replicaSet.spec.template ?? {}, signal);
      } catch (error) {
        this.#expectations.creationObserved(key);
        throw error;
      }
    });
    this.#expectations.creationObserved(key, result.skipped);
    if (result.error !== undefined && !isNamespaceTerminating(result.error)) throw result.error;
  }

  async #delete(
    key: string,
    replicaSet: ReplicaSet,
    active: readonly Pod[],
    count: number,
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.#context.environment.now();
    const chosen = podsToDelete(active, this.#related(replicaSet), count, now);
    this.#expectations.expectDeletions(key, chosen.map(keyOf));
    const results = await Promise.allSettled(
      chosen.map(async (pod) => {
        try {
          const deleted = await this.#podControl.delete(replicaSets, replicaSet, pod, signal);
          if (!deleted) this.#expectations.deletionObserved(key, keyOf(pod));
        } catch (error) {
          this.#expectations.deletionObserved(key, keyOf(pod));
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Pods of the ReplicaSet and pods of nobody in its namespace. */
  #candidates(replicaSet: ReplicaSet): readonly Pod[] {
    return [
      ...this.pods.byIndex(byController, replicaSet.metadata.uid ?? ''),
      ...this.pods.byIndex(byController, orphansOf(replicaSet.metadata.namespace ?? '')),
    ];
  }

  /** Pods of all ReplicaSets of the same Deployment. */
  *#related(replicaSet: ReplicaSet): Iterable<Pod> {
    const owner = controllerOf(replicaSet);
    const family = owner === undefined ? [replicaSet] : this.replicaSets.byIndex(byController, owner.uid);
    for (const member of family) yield* this.pods.byIndex(byController, member.metadata.uid ?? '');
  }

  #ownerOf(pod: KubeObject): ReplicaSet | undefined {
    const reference = controllerOf(pod);
    if (reference === undefined || reference.kind !== replicaSets.kind) return undefined;
    const found = this.replicaSets.get(reference.name, pod.metadata.namespace);
    return found?.metadata.uid === reference.uid ? found : undefined;
  }

  *#selecting(pod: Pod): Iterable<ReplicaSet> {
    for (const replicaSet of this.replicaSets.list(pod.metadata.namespace ?? '')) {
      if (compileLabelSelector(replicaSet.spec.selector).matches(pod.metadata.labels)) yield replicaSet;
    }
  }
}

/** Whether labels and controller are the same, so that nobody's claim has changed. */
function sameClaim(old: Pod, pod: Pod): boolean {
  return equal(old.metadata.labels, pod.metadata.labels) && controllerOf(old)?.uid === controllerOf(pod)?.uid;
}
