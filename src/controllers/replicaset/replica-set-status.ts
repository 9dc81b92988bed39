import type { LabelSelector } from '../../machinery/label-selector.ts';
import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { formatTime } from '../../machinery/time.ts';
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodAvailable, isPodReady } from '../runtime/pods.ts';

export interface ReplicaSetObservation {
  readonly replicaSet: ReplicaSet;
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** What went wrong when pods were created or deleted; undefined when nothing did. */
  readonly failure: { readonly message: string } | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The status that a ReplicaSet should show. */
export function replicaSetStatus(observation: ReplicaSetObservation): ReplicaSetStatus {
  const { replicaSet, active, terminating, now } = observation;
  const template: LabelSelector = selectorFromLabels(replicaSet.spec.template?.metadata?.labels ?? {});
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const conditions = conditionsOf(observation);
  return {
    replicas: active.length,
    ...counted('fullyLabeledReplicas', active.filter((pod) => template.matches(pod.metadata.labels)).length),
    ...counted('readyReplicas', active.filter(isPodReady).length),
    ...counted('availableReplicas', active.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length),
    terminatingReplicas: terminating.length,
    ...(replicaSet.metadata.generation === undefined ? {} : { observedGeneration: replicaSet.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** Zero is left out, as the API does. */
function counted<K extends keyof ReplicaSetStatus>(field: K, count: number): { readonly [key in K]?: number } {
  return (count === 0 ? {} : { [field]: count }) as { readonly [key in K]?: number };
}

function conditionsOf({ replicaSet, active, failure, now }: ReplicaSetObservation): readonly ReplicaSetCondition[] {
  const existing = replicaSet.status?.conditions ?? [];
  const others = existing.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  if (others.length < existing.length) return existing;
  const missing = active.length < (replicaSet.spec.replicas ?? 1);
  const reason = missing ? 'FailedCreate' : 'FailedDelete';
  return [
    ...others,
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: formatTime(now),
      reason,
      message: failure.message,
    },
  ];
}
