import { findCondition, withCondition, withoutCondition } from '../../machinery/conditions.ts';
import { formatTime, parseTime } from '../../machinery/time.ts';
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from '../../resources/schema/apps-v1.generated.ts';
import { maxUnavailable, replicasOf, sumReplicas } from './rolling-update.ts';

type Conditions = readonly DeploymentCondition[];

export interface DeploymentObservation {
  readonly deployment: Deployment;
  /** All ReplicaSets of the Deployment, `fresh` among them. */
  readonly all: readonly ReplicaSet[];
  /** The one with the Deployment's template. */
  readonly fresh: ReplicaSet | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A condition that begins now. */
export function conditionNow(
  now: number,
  type: string,
  status: string,
  reason: string,
  message: string,
): DeploymentCondition {
  const time = formatTime(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/** Whether a deadline is set for progress: the largest number stands for none. */
export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2 ** 31 - 1;
}

/** What there is, and whether it is enough. The condition of progress stays as it was. */
export function observedStatus({ deployment, all, fresh, now }: DeploymentObservation): DeploymentStatus {
  const available = sum(all, 'availableReplicas');
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const { collisionCount, conditions = [] } = deployment.status ?? {};
  const availability = enough
    ? conditionNow(now, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : conditionNow(
        now,
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      );
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...counts({
      replicas: sum(all, 'replicas'),
      updatedReplicas: fresh === undefined ? 0 : sum([fresh], 'replicas'),
      readyReplicas: sum(all, 'readyReplicas'),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, sumReplicas(all) - available),
    }),
    terminatingReplicas: sum(all, 'terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, availability),
  };
}

type Count = 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas';

/** Zero is left out, as the API does. */
function counts(values: Readonly<Record<Count, number>>): { readonly [key in Count]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, count]) => count !== 0));
}

function sum(
  replicaSets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
): number {
  return replicaSets.reduce((total, each) => total + (each.status?.[field] ?? 0), 0);
}

/** The status during a rollout: with how it goes on, by which `kubectl rollout status` is guided. */
export function rolloutStatus(observation: DeploymentObservation): DeploymentStatus {
  const { deployment, all, fresh } = observation;
  const status = observedStatus(observation);
  const failure = replicaFailure(all, fresh);
  let conditions = progressConditions(observation, status);
  conditions =
    failure === undefined ? withoutCondition(conditions, 'ReplicaFailure') : withCondition(conditions, failure);
  return deployment.status === undefined && conditions.length === 0 ? status : { ...status, conditions };
}

function progressConditions(observation: DeploymentObservation, status: DeploymentStatus): Conditions {
  const { deployment, fresh, now } = observation;
  const conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const current = findCondition(deployment.status?.conditions, 'Progressing');
  const finishedBefore =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (finishedBefore) return conditions;
  const subject =
    fresh === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata.name)}`
      : `ReplicaSet ${JSON.stringify(fresh.metadata.name)}`;
  const progressing = (state: string, reason: string, what: string) =>
    conditionNow(now, 'Progressing', state, reason, `${subject} ${what}.`);
  if (isComplete(deployment, status)) {
    return withCondition(conditions, progressing('True', 'NewReplicaSetAvailable', 'has successfully progressed'));
  }
  if (hasProgressed(deployment, status)) {
    const next = progressing('True', 'ReplicaSetUpdated', 'is progressing');
    const since = current?.status === 'True' ? { lastTransitionTime: current.lastTransitionTime } : {};
    // Set anew each time, so that the deadline counts from the last progress.
    return withCondition(withoutCondition(conditions, 'Progressing'), { ...next, ...since });
  }
  if (hasTimedOut(deployment, current, now)) {
    return withCondition(conditions, progressing('False', 'ProgressDeadlineExceeded', 'has timed out progressing'));
  }
  return conditions;
}

/** Whether all that is wanted is there, new, available, and nothing old is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Whether there is more of the new or less of the old than when the status was written last. */
function hasProgressed(deployment: Deployment, status: DeploymentStatus): boolean {
  const before = deployment.status ?? {};
  const old = (each: DeploymentStatus) => (each.replicas ?? 0) - (each.updatedReplicas ?? 0);
  const grown = (field: Count) => (status[field] ?? 0) > (before[field] ?? 0);
  return grown('updatedReplicas') || old(status) < old(before) || grown('readyReplicas') || grown('availableReplicas');
}

function hasTimedOut(deployment: Deployment, current: DeploymentCondition | undefined, now: number): boolean {
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  const since = parseTime(current.lastUpdateTime) ?? now;
  return since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/** Milliseconds until a rollout that does not go on is late; undefined when there is nothing to wait for. */
export function untilDeadlineMs(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const current = findCondition(status.conditions, 'Progressing');
  if (current === undefined || !hasProgressDeadline(deployment)) return undefined;
  if (isComplete(deployment, status) || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const since = parseTime(current.lastUpdateTime) ?? now;
  const leftMs = since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - now;
  return Math.max(0, leftMs) + 1000;
}

/** Why pods cannot be made: of the new ReplicaSet before all others. */
function replicaFailure(all: readonly ReplicaSet[], fresh: ReplicaSet | undefined): DeploymentCondition | undefined {
  for (const replicaSet of fresh === undefined ? all : [fresh, ...all]) {
    const found = findCondition(replicaSet.status?.conditions, 'ReplicaFailure');
    if (found !== undefined) {
      const { type, status, lastTransitionTime, reason, message } = found;
      return { type, status, lastUpdateTime: lastTransitionTime, lastTransitionTime, reason, message };
    }
  }
  return undefined;
}

/** The conditions with the note that a Deployment is paused or goes on, which stops the clock of its deadline. */
export function pausedConditions(deployment: Deployment, now: number): Conditions | undefined {
  if (!hasProgressDeadline(deployment)) return undefined;
  const conditions = deployment.status?.conditions ?? [];
  const current = findCondition(conditions, 'Progressing');
  if (current?.reason === 'ProgressDeadlineExceeded') return undefined;
  const notedAsPaused = current?.reason === 'DeploymentPaused';
  const paused = deployment.spec.paused === true;
  if (paused === notedAsPaused) return undefined;
  const note = paused
    ? conditionNow(now, 'Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused')
    : conditionNow(now, 'Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed');
  return withCondition(conditions, note);
}
