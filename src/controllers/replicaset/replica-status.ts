import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { formatTime } from '../../machinery/time.ts';
import type {
  Pod,
  ReplicationControllerCondition,
  ReplicationControllerStatus,
} from '../../resources/schema/core-v1.generated.ts';
import { isPodAvailable, isPodReady } from '../runtime/pods.ts';
import type { ReplicaOwner } from './replica-kind.ts';

export interface ReplicaObservation {
  readonly owner: ReplicaOwner;
  readonly active: readonly Pod[];
  /** What went wrong when pods were created or deleted; undefined when nothing did. */
  readonly failure: { readonly message: string } | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The status that an owner of replicas should show, as far as it is the same for all kinds. */
export function replicaStatus(observation: ReplicaObservation): ReplicationControllerStatus {
  const { owner, active, now } = observation;
  const template = selectorFromLabels(owner.spec?.template?.metadata?.labels ?? {});
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const conditions = conditionsOf(observation);
  return {
    replicas: active.length,
    ...counted('fullyLabeledReplicas', active.filter((pod) => template.matches(pod.metadata.labels)).length),
    ...counted('readyReplicas', active.filter(isPodReady).length),
    ...counted('availableReplicas', active.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length),
    ...(owner.metadata.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** Zero is left out, as the API does. */
function counted<K extends keyof ReplicationControllerStatus>(
  field: K,
  count: number,
): { readonly [key in K]?: number } {
  return (count === 0 ? {} : { [field]: count }) as { readonly [key in K]?: number };
}

function conditionsOf({ owner, active, failure, now }: ReplicaObservation): readonly ReplicationControllerCondition[] {
  // A condition without a type was written by nobody.
  const existing = (owner.status?.conditions ?? []) as readonly ReplicationControllerCondition[];
  const others = existing.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  if (others.length < existing.length) return existing;
  const missing = active.length < (owner.spec?.replicas ?? 1);
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
