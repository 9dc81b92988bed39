import type { Job, JobCondition } from '../schema/batch-v1.generated.ts';

/** The condition of this type, if it holds. */
export function trueCondition({ status }: Job, type: string): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** The condition by which a job has ended: Complete or Failed. */
export function finishedCondition({ status }: Job): JobCondition | undefined {
  return status?.conditions?.find(({ type, status: holds }) => isFinal(type) && holds === 'True');
}

function isFinal(type: string): boolean {
  return type === 'Complete' || type === 'Failed';
}
