import type { Informer } from '../../client/informer.ts';
import { equal } from '../../resources/equal.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import { cachedOwner, controllerOf } from '../runtime/owner-references.ts';
import { isNamespaceTerminating, messageOf, PodControl } from '../runtime/pod-control.ts';
import { isPodActive, isPodReady, isPodTerminating, nextAvailabilityMs } from '../runtime/pods.ts';
import { byController, orphansOf, podInformer } from '../runtime/projections.ts';
import { slowStart } from '../runtime/slow-start.ts';
import { updateStatus } from '../runtime/update-status.ts';
import { podsToDelete } from './pods-to-delete.ts';
import type { ReplicaKind, ReplicaOwner } from './replica-kind.ts';
import { replicaStatus } from './replica-status.ts';

/** So many pods are created or deleted at most before the caches are looked at again. */
const burst = 500;

/** Keeps as many pods as the objects of one kind ask for. */
export function replicaController<T extends ReplicaOwner>(
  context: ControllerContext,
  kind: ReplicaKind<T>,
): Controller {
  const loop = new ReplicaLoop(context, kind);
  return {
    name: kind.name,
    watches: [
      watching(loop.owners, (change) => loop.ownerChanged(change)),
      watching(loop.pods, (change) => loop.podChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class ReplicaLoop<T extends ReplicaOwner> {
  readonly owners: Informer<T>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #kind: ReplicaKind<T>;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext, kind: ReplicaKind<T>) {
    this.#context = context;
    this.#kind = kind;
    this.owners = context.informers.informer(kind.type, kind.informer);
    this.pods = context.informers.informer(pods, podInformer);
    this.#podControl = new PodControl(context.client, context.events);
    this.#expectations = new Expectations(context.environment);
  }

  ownerChanged(change: Change<T>): Iterable<string> {
    // Another one of the same name begins anew.
    if (change.type === 'deleted') this.#expectations.forget(keyOf(change.object));
    return ownKey(change);
  }

  podChanged(change: Change<Pod>): Iterable<string> {
    const { object: pod, old } = change;
    const owner = cachedOwner(this.owners, pod);
    const keys = new Set<string>();
    if (owner !== undefined) {
      this.#expectations.observe(keyOf(owner), change);
      keys.add(keyOf(owner));
    }
    if (old !== undefined && controllerOf(old)?.uid !== controllerOf(pod)?.uid) {
      const before = cachedOwner(this.owners, old);
      if (before !== undefined) keys.add(keyOf(before));
    }
    const mayBeAdopted = change.type === 'added' || (old !== undefined && !sameClaim(old, pod));
    if (mayBeAdopted && controllerOf(pod) === undefined && pod.metadata.deletionTimestamp === undefined) {
      for (const selecting of this.#selecting(pod)) keys.add(keyOf(selecting));
    }
    return keys;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const owner = this.owners.get(name, namespace);
    if (owner === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    // Asked before the pods are read: what is seen in between only makes the caches newer.
    const upToDate = this.#expectations.satisfied(key);
    const selector = this.#kind.selectorOf(owner);
    const candidates = this.#candidates(owner);
    const active = await claimObjects({
      client: this.#context.client,
      ownerType: this.#kind.type,
      owner,
      selector,
      type: pods,
      objects: candidates.filter(isPodActive),
      signal,
    });
    const terminating = candidates.filter(
      (pod) =>
        isPodTerminating(pod) && controllerOf(pod)?.uid === owner.metadata.uid && selector.matches(pod.metadata.labels),
    );
    let failure: unknown;
    if (upToDate && owner.metadata.deletionTimestamp === undefined) {
      failure = await this.#manage(key, owner, active, signal).then(
        () => undefined,
        (error: unknown) => error ?? new Error('unknown failure'),
      );
    }
    return this.#finish(owner, active, terminating, failure, signal);
  }

  async #finish(
    owner: T,
    active: readonly Pod[],
    terminating: readonly Pod[],
    failure: unknown,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    signal.throwIfAborted();
    const now = this.#context.environment.now();
    await updateStatus({
      client: this.#context.client,
      type: this.#kind.type,
      object: owner,
      status: this.#kind.statusOf(
        owner,
        replicaStatus({
          owner,
          active,
          failure: failure === undefined ? undefined : { message: messageOf(failure) },
          now,
        }),
        terminating.length,
      ),
      signal,
    });
    if (failure !== undefined) throw failure;
    const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
    const nextMs = nextAvailabilityMs(active.filter(isPodReady), minReadySeconds, now);
    return { requeueAfterMs: nextMs, restMs: restAfter(active.length) };
  }

  async #manage(key: string, owner: T, active: readonly Pod[], signal: AbortSignal): Promise<void> {
    const surplus = active.length - (owner.spec?.replicas ?? 1);
    if (surplus < 0) await this.#create(key, owner, Math.min(-surplus, burst), signal);
    else if (surplus > 0) await this.#delete(key, owner, active, Math.min(surplus, burst), signal);
  }

  async #create(key: string, owner: T, count: number, signal: AbortSignal): Promise<void> {
    this.#expectations.expectCreations(key, count);
    const result = await slowStart(count, async () => {
      try {
        await this.#podControl.create(this.#kind.type, owner, owner.spec?.template ?? {}, signal);
      } catch (error) {
        this.#expectations.creationObserved(key);
        throw error;
      }
    });
    this.#expectations.creationObserved(key, result.skipped);
    if (result.error !== undefined && !isNamespaceTerminating(result.error)) throw result.error;
  }

  async #delete(key: string, owner: T, active: readonly Pod[], count: number, signal: AbortSignal): Promise<void> {
    const now = this.#context.environment.now();
    const chosen = podsToDelete(active, this.#related(owner), count, now);
    this.#expectations.expectDeletions(key, chosen.map(keyOf));
    const results = await Promise.allSettled(
      chosen.map(async (pod) => {
        try {
          const deleted = await this.#podControl.delete(this.#kind.type, owner, pod, signal);
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

  /** Pods of the owner and pods of nobody in its namespace. */
  #candidates(owner: T): readonly Pod[] {
    return [
      ...this.pods.byIndex(byController, owner.metadata.uid ?? ''),
      ...this.pods.byIndex(byController, orphansOf(owner.metadata.namespace ?? '')),
    ];
  }

  /** Pods of all that belong to the same controller: of the ReplicaSets of one Deployment. */
  *#related(owner: T): Iterable<Pod> {
    const above = controllerOf(owner);
    const family = above === undefined ? [owner] : this.owners.byIndex(byController, above.uid);
    for (const member of family) yield* this.pods.byIndex(byController, member.metadata.uid ?? '');
  }

  *#selecting(pod: Pod): Iterable<T> {
    for (const owner of this.owners.list(pod.metadata.namespace ?? '')) {
      if (this.#kind.selectorOf(owner).matches(pod.metadata.labels)) yield owner;
    }
  }
}

/** Whether labels and controller are the same, so that nobody's claim has changed. */
function sameClaim(old: Pod, pod: Pod): boolean {
  return equal(old.metadata.labels, pod.metadata.labels) && controllerOf(old)?.uid === controllerOf(pod)?.uid;
}
