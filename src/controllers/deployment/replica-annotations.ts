import type { ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';

export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** How many replicas the Deployment wanted when the ReplicaSet was scaled last. */
export function desiredReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberAnnotation(replicaSet, desiredReplicasAnnotation);
}

/** How many replicas the Deployment allowed when the ReplicaSet was scaled last. */
export function maxReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberAnnotation(replicaSet, maxReplicasAnnotation);
}

function numberAnnotation(replicaSet: ReplicaSet, key: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[key] ?? '';
  return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
}
