import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import type { Deployment, ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { desiredReplicasOf, maxReplicasOf } from './replica-annotations.ts';

/** A size that a ReplicaSet should get. */
export interface Scaling {
  readonly replicaSet: ReplicaSet;
  readonly to: number;
}

export function replicasOf(object: Deployment | ReplicaSet): number {
  return object.spec.replicas ?? 1;
}

function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** Surge is rounded up and unavailability down; where both came to nothing, one may be unavailable, or nothing could ever move. */
function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge: surge = '25%', maxUnavailable: unavailable = '25%' } =
    deployment.spec.strategy?.rollingUpdate ?? {};
  const replicas = replicasOf(deployment);
  const most = scaledIntOrPercent(surge, replicas, true);
  const fewest = scaledIntOrPercent(unavailable, replicas, false);
  return most === 0 && fewest === 0 ? { surge: 0, unavailable: 1 } : { surge: most, unavailable: fewest };
}

/** How many pods there may be beyond those wanted. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

/** How many of the pods wanted may be missing. */
export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicas);
}

export function sumReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, each) => sum + replicasOf(each), 0);
}

/** How many pods of a ReplicaSet stay available: it may have been shrunk just now and still count those that will go. */
function availableOf(replicaSet: ReplicaSet): number {
  return Math.min(replicaSet.status?.availableReplicas ?? 0, replicasOf(replicaSet));
}

function sumAvailable(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, each) => sum + availableOf(each), 0);
}

export function active(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return replicaSets.filter((each) => replicasOf(each) > 0);
}

/** The size for the new ReplicaSet, given all that there are: `current` is its own size, 0 before it exists. */
export function newReplicaSetSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const wanted = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - sumReplicas(all);
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/** How the new ReplicaSet moves on towards its size; undefined when it is there or has to wait. */
export function growNew(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): Scaling | undefined {
  const [wanted, current] = [replicasOf(deployment), replicasOf(fresh)];
  if (current === wanted) return undefined;
  const to = current > wanted ? wanted : newReplicaSetSize(deployment, [...old, fresh], current);
  return to === current ? undefined : { replicaSet: fresh, to };
}

/**
 * How the old ReplicaSets shrink: first what is not available anyway, the oldest first, then as many available pods as can be
 * spared while the minimum stays available. These are steps of their own, each told of, so that one may shrink twice.
 */
export function shrinkOld(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): readonly Scaling[] {
  const running = active(old).toSorted(byCreation);
  if (running.length === 0) return [];
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const newUnavailable = replicasOf(fresh) - availableOf(fresh);
  let removable = sumReplicas([...old, fresh]) - minAvailable - newUnavailable;
  if (removable <= 0) return [];
  const sizes = new Map(running.map((each) => [each, replicasOf(each)]));
  const scalings: Scaling[] = [];
  const take = (replicaSet: ReplicaSet, count: number) => {
    const to = (sizes.get(replicaSet) ?? 0) - count;
    sizes.set(replicaSet, to);
    scalings.push({ replicaSet, to });
    return count;
  };
  for (const each of running) {
    const unhealthy = replicasOf(each) - availableOf(each);
    if (removable > 0 && unhealthy > 0) removable -= take(each, Math.min(removable, unhealthy));
  }
  let spare = sumAvailable([...old, fresh]) - minAvailable;
  for (const each of running) {
    const size = sizes.get(each) ?? 0;
    if (spare > 0 && size > 0) spare -= take(each, Math.min(spare, size));
  }
  return scalings;
}

/** Whether the wanted size has changed since the ReplicaSets were scaled last: then it is shared out before any rollout goes on. */
export function isScalingEvent(deployment: Deployment, all: readonly ReplicaSet[]): boolean {
  const wanted = replicasOf(deployment);
  return active(all).some((each) => {
    const desired = desiredReplicasOf(each);
    return desired !== undefined && desired !== wanted;
  });
}

/** How a changed size is shared out among the ReplicaSets of a Deployment that is paused or amid a rollout. */
export function shareOut(
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scaling[] {
  const wanted = replicasOf(deployment);
  const all = fresh === undefined ? old : [...old, fresh];
  const only = activeOrLatest(fresh, old);
  const isThere = only !== undefined && replicasOf(only) === wanted && desiredReplicasOf(only) === wanted;
  if (only !== undefined) return isThere ? [] : [{ replicaSet: only, to: wanted }];
  if (fresh !== undefined && isSaturated(deployment, fresh)) {
    return active(old)
      .toSorted(byCreation)
      .map((replicaSet) => ({ replicaSet, to: 0 }));
  }
  return isRollingUpdate(deployment) ? proportionally(deployment, active(all)) : [];
}

/** The one ReplicaSet that takes the whole size: the only active one, or the newest where none is. */
function activeOrLatest(fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const running = active(fresh === undefined ? old : [...old, fresh]);
  if (running.length === 1) return running[0];
  return running.length > 1 ? undefined : (fresh ?? old.toSorted(byCreation).at(-1));
}

function isSaturated(deployment: Deployment, replicaSet: ReplicaSet): boolean {
  const wanted = replicasOf(deployment);
  return (
    replicasOf(replicaSet) === wanted &&
    desiredReplicasOf(replicaSet) === wanted &&
    (replicaSet.status?.availableReplicas ?? 0) === wanted
  );
}

/** Larger ReplicaSets take a larger share, so that a scaling amid a rollout keeps the mix; what rounding leaves goes to the largest. */
function proportionally(deployment: Deployment, running: readonly ReplicaSet[]): readonly Scaling[] {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - sumReplicas(running);
  // Growing favours the newer of two of one size, shrinking takes from the older.
  const newerFirst = toAdd > 0 ? -1 : 1;
  const sorted = running.toSorted((a, b) => replicasOf(b) - replicasOf(a) || newerFirst * byCreation(a, b));
  let added = 0;
  const sizes = sorted.map((each) => {
    const share = toAdd === 0 ? 0 : proportion(deployment, each, allowed, toAdd - added);
    added += share;
    return replicasOf(each) + share;
  });
  return sorted.map((replicaSet, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    return { replicaSet, to: Math.max(0, (sizes[index] ?? 0) + leftover) };
  });
}

function proportion(deployment: Deployment, replicaSet: ReplicaSet, allowed: number, left: number): number {
  if (left === 0) return 0;
  const size = replicasOf(replicaSet);
  const before = maxReplicasOf(replicaSet) || (deployment.status?.replicas ?? 0);
  const fraction = allowed === 0 || before === 0 ? -size : roundHalfAway((size * allowed) / before) - size;
  return left > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
