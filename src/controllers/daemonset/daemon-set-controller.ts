import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { ControllerRevision, DaemonSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { cachedOwner, controllerOf } from '../runtime/owner-references.ts';
import { isNamespaceTerminating, PodControl } from '../runtime/pod-control.ts';
import { nextAvailabilityMs } from '../runtime/pods.ts';
import {
  byController,
  byNode,
  nodeInformer,
  orphansOf,
  podInformer,
  revisionInformer,
  withoutManagedFields,
} from '../runtime/projections.ts';
import { type Revisions, syncRevisions } from '../runtime/revisions.ts';
import { slowStart } from '../runtime/slow-start.ts';
import { updateStatus } from '../runtime/update-status.ts';
import { placementOf, revisionHashLabel, templateFor } from './daemon-pods.ts';
import {
  type DaemonChange,
  DaemonView,
  daemonSetStatus,
  decidePlacement,
  decideRollingUpdate,
  type EndedPod,
} from './decide-daemon-set.ts';
import { FailedPods } from './failed-pods.ts';

/** So many pods are created or deleted at most before the caches are looked at again. */
const burst = 250;

/** Keeps one pod of each DaemonSet on every node that is meant to have it. */
export function daemonSetController(context: ControllerContext): Controller {
  const loop = new DaemonSetLoop(context);
  return {
    name: 'daemonset',
    concurrency: 2,
    watches: [
      watching(loop.sets, (change) => loop.setChanged(change)),
      watching(loop.pods, (change) => loop.podChanged(change)),
      watching(loop.nodes, (change) => loop.nodeChanged(change)),
      // Waited for, since they are read; nobody else changes them.
      watching(loop.revisions, () => []),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class DaemonSetLoop {
  readonly sets: Informer<DaemonSet>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly revisions: Informer<ControllerRevision>;
  readonly #context: ControllerContext;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #failed: FailedPods;

  constructor(context: ControllerContext) {
    const { informers, environment } = context;
    this.#context = context;
    this.sets = informers.informer(daemonSets, { projection: withoutManagedFields<DaemonSet> });
    this.pods = informers.informer(pods, podInformer);
    this.nodes = informers.informer(nodes, nodeInformer);
    this.revisions = informers.informer(controllerRevisions, revisionInformer);
    this.#podControl = new PodControl(context.client, context.events);
    this.#expectations = new Expectations(environment);
    this.#failed = new FailedPods(environment);
  }

  setChanged(change: Change<DaemonSet>): Iterable<string> {
    // Another one of the same name begins anew.
    if (change.type === 'deleted') this.#expectations.forget(keyOf(change.object));
    return ownKey(change);
  }

  *podChanged(change: Change<Pod>): Iterable<string> {
    const { type, object: pod, old } = change;
    const owner = cachedOwner(this.sets, pod);
    if (owner !== undefined) {
      this.#expectations.observe(keyOf(owner), change);
      yield keyOf(owner);
    }
    const before = old === undefined ? undefined : cachedOwner(this.sets, old);
    if (before !== undefined && before !== owner) yield keyOf(before);
    if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined || type === 'deleted') return;
    for (const set of this.sets.list(pod.metadata.namespace ?? '')) {
      if (compileLabelSelector(set.spec.selector).matches(pod.metadata.labels)) yield keyOf(set);
    }
  }

  *nodeChanged({ type, object: node, old }: Change<Node>): Iterable<string> {
    if (type === 'updated' && old !== node && sameForPods(node, old)) return;
    const withPods = new Set<string>();
    for (const pod of this.pods.byIndex(byNode, node.metadata.name ?? '')) {
      const owner = cachedOwner(this.sets, pod);
      if (owner !== undefined) withPods.add(keyOf(owner));
    }
    for (const set of this.sets.list()) {
      const key = keyOf(set);
      const placement = placementOf(set);
      const { shouldRun, mayStay } = placement.on(node);
      const has = withPods.has(key);
      const isWrong = has ? !mayStay || (set.status?.numberMisscheduled ?? 0) > 0 : shouldRun;
      const countsAnew = type === 'deleted' || (old !== undefined && placement.on(old).shouldRun !== shouldRun);
      if (isWrong || countsAnew) yield key;
    }
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const set = this.sets.get(name, namespace);
    if (set === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    // Its revisions may be gone before its pods are, so nothing can be said about it.
    if (set.metadata.deletionTimestamp !== undefined) return undefined;
    // Asked before the pods are read: what is seen in between only makes the caches newer.
    const upToDate = this.#expectations.satisfied(key);
    const owned = await this.#claim(set, pods, this.pods, signal);
    const known = await this.#claim(set, controllerRevisions, this.revisions, signal);
    const keeper = { client: this.#context.client, ownerType: daemonSets, hashLabel: revisionHashLabel };
    const revisions = await syncRevisions(keeper, set, known, signal);
    const hash = revisions.update.metadata.labels?.[revisionHashLabel] ?? '';
    const now = this.#context.environment.now();
    const view = new DaemonView({ set, nodes: [...this.nodes.list()], pods: owned, hash, now });
    let failure: unknown;
    let failedAgainMs: number | undefined;
    if (upToDate) {
      try {
        failedAgainMs = await this.#manage(key, view, signal);
        await this.#truncateHistory(set, revisions, owned, signal);
      } catch (error) {
        failure = error ?? new Error('unknown failure');
      }
    }
    signal.throwIfAborted();
    await this.#writeStatus(view, revisions, upToDate, signal);
    if (failure !== undefined) throw failure;
    const nextMs = nextAvailabilityMs(owned, set.spec.minReadySeconds ?? 0, now);
    return { requeueAfterMs: earliest(nextMs, failedAgainMs), restMs: restAfter(owned.length) };
  }

  /** Makes pods be where they should, and once they are, replaces those of an old template. Answers when to look again. */
  async #manage(key: string, view: DaemonView, signal: AbortSignal): Promise<number | undefined> {
    const { create, remove, ended } = decidePlacement(view);
    const { replace, waitMs } = this.#replaceEnded(view.snapshot.set, ended);
    const change = { create, remove: [...remove, ...replace] };
    if (change.create.length + change.remove.length > 0) await this.#apply(key, view, change, signal);
    else if (view.snapshot.set.spec.updateStrategy?.type === 'RollingUpdate')
      await this.#apply(key, view, decideRollingUpdate(view), signal);
    return waitMs;
  }

  /** Pods that failed again and again wait for longer and longer: the node may refuse them for good. */
  #replaceEnded(
    set: DaemonSet,
    ended: readonly EndedPod[],
  ): { readonly replace: Pod[]; readonly waitMs: number | undefined } {
    const { events } = this.#context;
    const replace: Pod[] = [];
    let waitMs: number | undefined;
    for (const { pod, node } of ended) {
      const name = `${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
      if (pod.status?.phase === 'Succeeded') {
        const message = `Found succeeded daemon pod ${name}, will try to delete it`;
        events.event(referenceTo(daemonSets, set), 'Normal', 'SucceededDaemonPod', message);
      } else {
        const leftMs = this.#failed.waitMs(set, node);
        if (leftMs > 0) {
          waitMs = earliest(waitMs, leftMs);
          continue;
        }
        this.#failed.failed(set, node);
        const message = `Found failed daemon pod ${name}, will try to kill it`;
        events.event(referenceTo(daemonSets, set), 'Warning', 'FailedDaemonPod', message);
      }
      replace.push(pod);
    }
    return { replace, waitMs };
  }

  async #apply(key: string, view: DaemonView, { create, remove }: DaemonChange, signal: AbortSignal): Promise<void> {
    const { set, hash } = view.snapshot;
    const coming = create.slice(0, burst);
    const going = remove.slice(0, burst);
    this.#expectations.expect(key, coming.length, going.map(keyOf));
    const created = await slowStart(coming.length, async (index) => {
      try {
        await this.#podControl.create(daemonSets, set, templateFor(set, hash, coming[index] ?? ''), signal);
      } catch (error) {
        this.#expectations.creationObserved(key);
        throw error;
      }
    });
    this.#expectations.creationObserved(key, created.skipped);
    const results = await Promise.allSettled(going.map((pod) => this.#delete(key, set, pod, signal)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (created.error !== undefined && !isNamespaceTerminating(created.error)) throw created.error;
  }

  async #delete(key: string, set: DaemonSet, pod: Pod, signal: AbortSignal): Promise<void> {
    try {
      const deleted = await this.#podControl.delete(daemonSets, set, pod, signal);
      if (!deleted) this.#expectations.deletionObserved(key, keyOf(pod));
    } catch (error) {
      this.#expectations.deletionObserved(key, keyOf(pod));
      throw error;
    }
  }

  async #writeStatus(view: DaemonView, revisions: Revisions, upToDate: boolean, signal: AbortSignal): Promise<void> {
    const { set } = view.snapshot;
    const { collisionCount } = revisions;
    const status = {
      ...daemonSetStatus(view),
      // What was not acted on was not observed.
      observedGeneration: upToDate ? set.metadata.generation : set.status?.observedGeneration,
      ...(collisionCount > 0 && { collisionCount }),
    };
    await updateStatus({ client: this.#context.client, type: daemonSets, object: set, status, signal });
  }

  async #truncateHistory(
    set: DaemonSet,
    { all, update }: Revisions,
    owned: readonly Pod[],
    signal: AbortSignal,
  ): Promise<void> {
    const live = new Set(owned.map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
    const old = all.filter((each) => each !== update);
    let surplus = old.length - (set.spec.revisionHistoryLimit ?? 10);
    for (const revision of old) {
      if (surplus <= 0) return;
      if (live.has(revision.metadata.labels?.[revisionHashLabel])) continue;
      surplus -= 1;
      try {
        await this.#context.client.delete(controllerRevisions, objectKey(revision), { signal });
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }

  async #claim<T extends Pod | ControllerRevision>(
    set: DaemonSet,
    type: Parameters<typeof claimObjects<DaemonSet, T>>[0]['type'],
    informer: Informer<T>,
    signal: AbortSignal,
  ): Promise<readonly T[]> {
    const { uid = '', namespace = '' } = set.metadata;
    return await claimObjects({
      client: this.#context.client,
      ownerType: daemonSets,
      owner: set,
      selector: compileLabelSelector(set.spec.selector),
      type,
      objects: [...informer.byIndex(byController, uid), ...informer.byIndex(byController, orphansOf(namespace))],
      signal,
    });
  }
}

/** Heartbeats change nothing about where pods belong. */
function sameForPods(node: Node, old: Node | undefined): boolean {
  return equal(node.metadata.labels, old?.metadata.labels) && equal(node.spec?.taints, old?.spec?.taints);
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
