import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import type { ReplicaSetStatus } from '../schema/apps-v1.generated.ts';
import { validateNonNegatives } from '../validation/numbers.ts';

const numbers = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'terminatingReplicas',
  'observedGeneration',
] as const;

/** The status of a ReplicaSet or, with less in it, of a ReplicationController. */
export function validateReplicaStatus(status: ReplicaSetStatus, errors: FieldError[]): void {
  validateNonNegatives(status, numbers, 'status', errors);
  const { replicas, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const tooMany = (name: string, value: number, limit: number, of: string) => {
    if (value > limit) errors.push(invalid(`status.${name}`, value, `cannot be greater than ${of}`));
  };
  tooMany('fullyLabeledReplicas', fullyLabeledReplicas, replicas, 'status.replicas');
  tooMany('readyReplicas', readyReplicas, replicas, 'status.replicas');
  tooMany('availableReplicas', availableReplicas, replicas, 'status.replicas');
  tooMany('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas');
}
