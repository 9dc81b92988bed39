import { formatInZone, isTimeZone } from '../../resources/batch/time-zone.ts';
import type { CronJob, Job } from '../../resources/schema/batch-v1.generated.ts';
import { cronJobs } from '../../resources/schema/resource-types.generated.ts';
import { controllerReference } from '../runtime/owner-references.ts';

const scheduledTimestamp = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** A name for the minute in which the job was due, so that no job is made twice for it. */
export function jobNameFor({ metadata }: CronJob, dueMs: number): string {
  return `${metadata.name}-${Math.floor(dueMs / 60_000)}`;
}

/** The job that was due then, from the template. */
export function jobOfCronJob(cronJob: CronJob, dueMs: number): Job {
  const { jobTemplate, timeZone = 'UTC' } = cronJob.spec;
  const time = formatInZone(dueMs, isTimeZone(timeZone) ? timeZone : 'UTC');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      namespace: cronJob.metadata.namespace,
      name: jobNameFor(cronJob, dueMs),
      labels: { ...jobTemplate.metadata?.labels },
      annotations: { ...jobTemplate.metadata?.annotations, [scheduledTimestamp]: time },
      ownerReferences: [controllerReference(cronJobs, cronJob)],
    },
    spec: jobTemplate.spec,
  };
}
