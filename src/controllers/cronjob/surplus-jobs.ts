import { finishedCondition } from '../../resources/batch/job-conditions.ts';
import type { CronJob, Job } from '../../resources/schema/batch-v1.generated.ts';

/** Finished jobs beyond those that are kept of each kind, the oldest ones. */
export function surplusJobs({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  return [
    ...oldest(ended(jobs, 'Complete'), spec.successfulJobsHistoryLimit),
    ...oldest(ended(jobs, 'Failed'), spec.failedJobsHistoryLimit),
  ];
}

function ended(jobs: readonly Job[], how: string): readonly Job[] {
  return jobs.filter((job) => finishedCondition(job)?.type === how && job.metadata.deletionTimestamp === undefined);
}

function oldest(jobs: readonly Job[], limit: number | undefined): readonly Job[] {
  if (limit === undefined || jobs.length <= limit) return [];
  return jobs.toSorted(byStart).slice(0, jobs.length - limit);
}

/** Those that never started come last; times are RFC 3339 in UTC, so that their order is that of the texts. */
function byStart(one: Job, other: Job): number {
  const [a, b] = [one.status?.startTime ?? '~', other.status?.startTime ?? '~'];
  if (a !== b) return a < b ? -1 : 1;
  return (one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1;
}
