import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import type { DaemonSet, DaemonSetStatus } from '../../resources/schema/apps-v1.generated.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { isPodAvailable, isPodFinished, isPodReady } from '../runtime/pods.ts';
import { isUpdated, type Placement, placementOf, targetNodeOf } from './daemon-pods.ts';

/** What is decided from: nodes and pods as the caches have them. */
export interface DaemonSnapshot {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** All that the set owns. */
  readonly pods: readonly Pod[];
  /** Of the revision of today. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Nodes that get a pod, and pods that go. */
export interface DaemonChange {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/** Where pods stand that have ended; they are replaced, with a growing delay when they failed. */
export interface EndedPod {
  readonly pod: Pod;
  readonly node: string;
}

export interface DaemonPlacement extends DaemonChange {
  readonly ended: readonly EndedPod[];
}

/** A snapshot with what follows from it at once. */
export class DaemonView {
  readonly snapshot: DaemonSnapshot;
  readonly placement: Placement;
  readonly #byNode = new Map<string, Pod[]>();

  constructor(snapshot: DaemonSnapshot) {
    this.snapshot = snapshot;
    this.placement = placementOf(snapshot.set);
    for (const pod of snapshot.pods) {
      // It has ended and is on its way out: there is nothing left to do with it.
      if (isPodFinished(pod) && pod.metadata.deletionTimestamp !== undefined) continue;
      const node = targetNodeOf(pod);
      if (node === undefined) continue;
      const there = this.#byNode.get(node);
      if (there === undefined) this.#byNode.set(node, [pod]);
      else there.push(pod);
    }
    for (const there of this.#byNode.values()) there.sort(placedFirst);
  }

  /** The pods of a node, those that are bound to it first, then the oldest. */
  on(node: string): readonly Pod[] {
    return this.#byNode.get(node) ?? [];
  }

  /** Every node with pods. */
  get nodesWithPods(): Iterable<string> {
    return this.#byNode.keys();
  }

  isAvailable(pod: Pod): boolean {
    return isPodAvailable(pod, this.snapshot.set.spec.minReadySeconds ?? 0, this.snapshot.now);
  }

  isUpdated(pod: Pod): boolean {
    return isUpdated(pod, this.snapshot.set, this.snapshot.hash);
  }
}

function placedFirst(a: Pod, b: Pod): number {
  const unbound = ({ spec }: Pod) => Number((spec?.nodeName ?? '') === '');
  return unbound(a) - unbound(b) || byCreation(a, b);
}

/** How many pods may be there beyond one for each node, and how many may be missing, while they are replaced. */
export function updateLimits(
  { spec }: DaemonSet,
  desired: number,
): { readonly surge: number; readonly missing: number } {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return { surge: 0, missing: 0 };
  const surge = scaledIntOrPercent(rollingUpdate?.maxSurge ?? 0, desired, true);
  const missing = scaledIntOrPercent(rollingUpdate?.maxUnavailable ?? 0, desired, true);
  return { surge, missing: surge === 0 && missing === 0 ? 1 : missing };
}

/** Sees to it that each node has the pods that it should have, whatever they come from. */
export function decidePlacement(view: DaemonView): DaemonPlacement {
  const { nodes, set } = view.snapshot;
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: EndedPod[] = [];
  const known = new Set<string>();
  const surges = updateLimits(set, 1).surge > 0;
  for (const node of nodes) {
    const { name = '' } = node.metadata;
    known.add(name);
    const pods = view.on(name);
    const { shouldRun, mayStay } = view.placement.on(node);
    if (shouldRun && pods.length === 0) create.push(name);
    else if (!mayStay) remove.push(...pods.filter(isStaying));
    else {
      const alive: Pod[] = [];
      for (const pod of pods.filter(isStaying)) {
        if (isPodFinished(pod)) ended.push({ pod, node: name });
        else alive.push(pod);
      }
      if (surges && alive.length === 0 && shouldRun) create.push(name);
      remove.push(...(surges ? beyondSurge(view, alive) : alive.slice(1)));
    }
  }
  // Nobody else deletes a pod that waits for a node that is gone.
  for (const node of view.nodesWithPods) {
    if (!known.has(node)) remove.push(...view.on(node).filter(({ spec }) => (spec?.nodeName ?? '') === ''));
  }
  return { create, remove, ended };
}

function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** While surging a node may have two pods: the old one, ready, until the new one is available. */
function beyondSurge(view: DaemonView, alive: readonly Pod[]): readonly Pod[] {
  if (alive.length <= 1) return [];
  const newest = alive.find((pod) => view.isUpdated(pod));
  const old = alive.find((pod) => !view.isUpdated(pod));
  const surplus = alive.filter((pod) => pod !== newest && pod !== old);
  if (newest === undefined || old === undefined) return surplus;
  return !isPodReady(old) || view.isAvailable(newest) ? [...surplus, old] : surplus;
}

/** The next pods that make room for the template of today, or nodes that get one of it beside the old. */
export function decideRollingUpdate(view: DaemonView): DaemonChange {
  const { nodes, set } = view.snapshot;
  const wanting = nodes.filter((node) => view.placement.on(node).shouldRun);
  const { surge, missing } = updateLimits(set, wanting.length);
  if (surge === 0) return { create: [], remove: replaced(view, wanting, missing) };
  return surged(view, nodes, wanting.length, surge);
}

type OnNode =
  /** More than one old or more than one new: first there is order to be made. */
  | { readonly state: 'excess' }
  | { readonly state: 'known'; readonly newPod: Pod | undefined; readonly oldPod: Pod | undefined };

function podsOn(view: DaemonView, node: string): OnNode {
  let newPod: Pod | undefined;
  let oldPod: Pod | undefined;
  for (const pod of view.on(node).filter(isStaying)) {
    if (view.isUpdated(pod)) {
      if (newPod !== undefined) return { state: 'excess' };
      newPod = pod;
    } else {
      if (oldPod !== undefined) return { state: 'excess' };
      oldPod = pod;
    }
  }
  return { state: 'known', newPod, oldPod };
}

/** Old pods that go now: those that are no use anyway, and as many of the others as may be missing. */
function replaced(view: DaemonView, wanting: readonly Node[], mayBeMissing: number): readonly Pod[] {
  const useless: Pod[] = [];
  const candidates: Pod[] = [];
  let missing = 0;
  for (const node of new Set([...view.nodesWithPods, ...wanting.map(({ metadata }) => metadata.name ?? '')])) {
    const there = podsOn(view, node);
    if (there.state === 'excess' || (there.oldPod === undefined) === (there.newPod === undefined)) missing += 1;
    else if (there.newPod !== undefined) missing += view.isAvailable(there.newPod) ? 0 : 1;
    else if (there.oldPod !== undefined) {
      if (view.isAvailable(there.oldPod)) candidates.push(there.oldPod);
      else {
        useless.push(there.oldPod);
        missing += 1;
      }
    }
  }
  return [...useless, ...candidates.slice(0, Math.max(0, mayBeMissing - missing))];
}

function surged(view: DaemonView, nodes: readonly Node[], desired: number, maxSurge: number): DaemonChange {
  const byName = new Map(nodes.map((node) => [node.metadata.name ?? '', node]));
  const remove: Pod[] = [];
  const leaving: Pod[] = [];
  const create: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  let available = 0;
  for (const name of view.nodesWithPods) {
    const there = podsOn(view, name);
    if (there.state === 'excess') {
      surging += 1;
      continue;
    }
    const { newPod, oldPod } = there;
    const counted = oldPod ?? newPod;
    if (counted !== undefined && view.isAvailable(counted)) available += 1;
    if (oldPod === undefined) continue;
    if (newPod !== undefined) {
      if (view.isAvailable(newPod)) remove.push(oldPod);
      else surging += 1;
      continue;
    }
    const node = byName.get(name);
    const shouldRun = node !== undefined && view.placement.on(node).shouldRun;
    if (!view.isAvailable(oldPod)) {
      if (shouldRun) create.push(name);
      else remove.push(oldPod);
    } else if (shouldRun) candidates.push(name);
    else leaving.push(oldPod);
  }
  // A pod that leaves its node for good waits until there are enough elsewhere.
  remove.push(...leaving.slice(0, Math.max(0, available - desired)));
  return { create: [...create, ...candidates.slice(0, Math.max(0, maxSurge - surging))], remove };
}

/** The counters, from one pod of each node: the one that was there first. */
export function daemonSetStatus(view: DaemonView): DaemonSetStatus {
  const { set, nodes } = view.snapshot;
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const [pod] = view.on(node.metadata.name ?? '');
    const { shouldRun } = view.placement.on(node);
    if (!shouldRun) {
      count.misscheduled += pod === undefined ? 0 : 1;
      continue;
    }
    count.desired += 1;
    if (pod === undefined) continue;
    count.current += 1;
    if (isPodReady(pod)) count.ready += 1;
    if (view.isAvailable(pod)) count.available += 1;
    if (view.isUpdated(pod)) count.updated += 1;
  }
  const unavailable = count.desired - count.available;
  return {
    ...set.status,
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    ...optional('updatedNumberScheduled', count.updated),
    ...optional('numberAvailable', count.available),
    ...optional('numberUnavailable', unavailable),
  };
}

/** Counters that are left out while they are zero. */
function optional(name: string, value: number): Readonly<Record<string, number | undefined>> {
  return { [name]: value === 0 ? undefined : value };
}
