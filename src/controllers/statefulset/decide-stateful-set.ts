import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import type { StatefulSet, StatefulSetStatus } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodAvailable, isPodReady } from '../runtime/pods.ts';
import { firstOrdinal, isInRange, ordinalOf, replicasOf, revisionLabel } from './identity.ts';

export interface StatefulSetSnapshot {
  readonly set: StatefulSet;
  /** Names of the ControllerRevisions that pods come from and go to. */
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly collisionCount: number;
  /** All pods that the set owns. */
  readonly pods: readonly Pod[];
  /** Whether a claim of this ordinal is still going away with an earlier pod, so that a new pod would lose it. */
  claimIsLeaving(ordinal: number): boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type StatefulSetAction =
  | { readonly type: 'create'; readonly ordinal: number; readonly revision: 'current' | 'update' }
  /** A pod cannot be scheduled while one of its claims is missing. */
  | { readonly type: 'createClaims'; readonly pod: Pod }
  /** See to it that the pod's identity and the owners of its claims are right. */
  | { readonly type: 'keep'; readonly pod: Pod }
  /** See to it that the claims of a pod that will go have the right owners. */
  | { readonly type: 'prepareRemoval'; readonly pod: Pod }
  | { readonly type: 'delete'; readonly pod: Pod };

/**
 * The next steps of a StatefulSet, to be taken in order. With `OrderedReady` there is one step at a time: pods come from the lowest
 * ordinal up, each available before the next, and go from the highest down; with `Parallel` nobody waits.
 */
export function decideStatefulSet(snapshot: StatefulSetSnapshot): readonly StatefulSetAction[] {
  const { set } = snapshot;
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const { replicas, condemned } = sortPods(snapshot);
  const actions: StatefulSetAction[] = [];
  if (waitsForReplicas(snapshot, replicas, actions)) return actions;
  for (const pod of condemned) actions.push({ type: 'prepareRemoval', pod });
  if (waitsForCondemned(snapshot, replicas, condemned, actions)) return actions;
  if (set.spec.updateStrategy?.type !== 'OnDelete') rollUpdate(snapshot, replicas, actions);
  return actions;
}

export function isParallel(set: StatefulSet): boolean {
  return set.spec.podManagementPolicy === 'Parallel';
}

interface Replica {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

interface SortedPods {
  /** One for each ordinal of the range, in order. */
  readonly replicas: readonly Replica[];
  /** Those out of range, the highest ordinal first. */
  readonly condemned: readonly Pod[];
}

function sortPods({ set, pods }: StatefulSetSnapshot): SortedPods {
  const byOrdinal = new Map<number, Pod>();
  const condemned: { readonly ordinal: number; readonly pod: Pod }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod.metadata.name ?? '');
    if (ordinal === undefined) continue;
    if (isInRange(set, ordinal)) byOrdinal.set(ordinal, pod);
    else condemned.push({ ordinal, pod });
  }
  const first = firstOrdinal(set);
  return {
    replicas: Array.from({ length: replicasOf(set) }, (_, index) => ({
      ordinal: first + index,
      pod: byOrdinal.get(first + index),
    })),
    condemned: condemned.sort((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod),
  };
}

/** Whether the rest has to wait for a replica. */
function waitsForReplicas(
  snapshot: StatefulSetSnapshot,
  replicas: readonly Replica[],
  actions: StatefulSetAction[],
): boolean {
  const { set, now } = snapshot;
  const ordered = !isParallel(set);
  for (const { ordinal, pod } of replicas) {
    if (pod === undefined) {
      const leaving = snapshot.claimIsLeaving(ordinal);
      if (!leaving) actions.push({ type: 'create', ordinal, revision: revisionFor(set, ordinal) });
      if (ordered) return true;
      continue;
    }
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
      // It makes room for the next of its name.
      if (!isTerminating(pod)) actions.push({ type: 'delete', pod });
      if (ordered) return true;
      continue;
    }
    if (pod.status?.phase === 'Pending') actions.push({ type: 'createClaims', pod });
    if (ordered && (isTerminating(pod) || !isRunningAndAvailable(set, pod, now))) return true;
    actions.push({ type: 'keep', pod });
  }
  return false;
}

/** A pod below the partition comes back as it was. */
function revisionFor(set: StatefulSet, ordinal: number): 'current' | 'update' {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return 'update';
  return ordinal < firstOrdinal(set) + (rollingUpdate?.partition ?? 0) ? 'current' : 'update';
}

/** Whether the rest has to wait for pods to go. */
function waitsForCondemned(
  snapshot: StatefulSetSnapshot,
  replicas: readonly Replica[],
  condemned: readonly Pod[],
  actions: StatefulSetAction[],
): boolean {
  const { set, now } = snapshot;
  const ordered = !isParallel(set);
  // The lowest ordinal that is not well: of the condemned only that one may go before it is well.
  const unhealthy =
    replicas.find(({ pod }) => pod === undefined || !isHealthy(pod))?.pod ??
    condemned.toReversed().find((pod) => !isHealthy(pod));
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (ordered) return true;
      continue;
    }
    if (ordered && !isRunningAndAvailable(set, pod, now) && pod !== unhealthy) return true;
    actions.push({ type: 'delete', pod });
    if (ordered) return true;
  }
  return false;
}

/**
 * Replaces pods of other revisions down to the partition: of those that are available, from the highest ordinal down, as many as may be
 * unavailable. Replacing the others costs nothing: so a broken revision can be left behind.
 */
function rollUpdate(snapshot: StatefulSetSnapshot, replicas: readonly Replica[], actions: StatefulSetAction[]): void {
  const { set, updateRevision, now } = snapshot;
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  // A percentage of few pods may round to none, and then nothing would ever move.
  const allowed = Math.max(1, scaledIntOrPercent(maxUnavailable, replicasOf(set), false));
  const isUnavailable = (pod: Pod) => isTerminating(pod) || !isRunningAndAvailable(set, pod, now);
  let spare = allowed - replicas.filter(({ pod }) => pod === undefined || isUnavailable(pod)).length;
  for (const { ordinal, pod } of replicas.toReversed()) {
    if (ordinal < firstOrdinal(set) + partition) return;
    if (pod === undefined || revisionOf(pod) === updateRevision || isTerminating(pod)) continue;
    if (!isUnavailable(pod)) {
      if (spare <= 0) continue;
      spare -= 1;
    }
    actions.push({ type: 'delete', pod });
  }
}

/** What the set should show of its pods. */
export function statefulSetStatus(snapshot: StatefulSetSnapshot): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, now } = snapshot;
  const present = pods.filter((pod) => (pod.status?.phase ?? '') !== '');
  const staying = present.filter((pod) => !isTerminating(pod));
  const count = (of: readonly Pod[], holds: (pod: Pod) => boolean) => of.filter(holds).length;
  const replicas = present.length;
  const ready = count(pods, isRunningAndReady);
  const updated = count(staying, (pod) => revisionOf(pod) === updateRevision);
  const current = count(staying, (pod) => revisionOf(pod) === currentRevision);
  const wanted = replicasOf(set);
  const rolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const complete = rolling && updated === wanted && ready === wanted && replicas === wanted;
  const currentReplicas = complete ? updated : current;
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas,
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    availableReplicas: count(pods, (pod) => isRunningAndAvailable(set, pod, now)),
    ...(currentReplicas === 0 ? {} : { currentReplicas }),
    ...(updated === 0 ? {} : { updatedReplicas: updated }),
    currentRevision: complete ? updateRevision : currentRevision,
    updateRevision,
    collisionCount: snapshot.collisionCount,
  };
}

function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.[revisionLabel] ?? '';
}

function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

function isRunningAndAvailable(set: StatefulSet, pod: Pod, now: number): boolean {
  return isRunningAndReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
}

function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && !isTerminating(pod);
}
