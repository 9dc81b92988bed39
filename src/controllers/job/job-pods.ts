import type { Job, JobSpec } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/** Keeps a pod until its end has been counted in the status of its job (KEP-2307). */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(trackingFinalizer) === true;
}

const noSpec: JobSpec = { template: {} };

export function jobSpecOf({ spec }: Job): JobSpec {
  return spec ?? noSpec;
}

export function isIndexed({ completionMode }: JobSpec): boolean {
  return completionMode === 'Indexed';
}

/** Only what has ended is replaced, not what is about to end (KEP-3939). */
export function replacesFailedOnly({ podReplacementPolicy }: JobSpec): boolean {
  return podReplacementPolicy === 'Failed';
}

/** Whether the pod has failed in the eyes of its job: one that was deleted may never get the chance to say so. */
export function hasFailed(pod: Pod, spec: JobSpec): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed') return true;
  if (replacesFailedOnly(spec)) return false;
  return pod.metadata.deletionTimestamp !== undefined && phase !== 'Succeeded';
}

/** Whether another controller takes care of the job (KEP-4368). */
export function isManagedElsewhere({ spec }: Job): boolean {
  return spec?.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller';
}
