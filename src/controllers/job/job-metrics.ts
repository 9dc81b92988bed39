import type { MetricRegistry } from '../../machinery/metrics.ts';
import type { Job, JobStatus } from '../../resources/schema/batch-v1.generated.ts';
import type { Outcome } from './job-conditions.ts';

/** What the job controller counts, under Kubernetes' names. */
export interface JobMetrics {
  finished(job: Job, outcome: Outcome): void;
  /** Pods that have ended between two statuses of a job. */
  podsFinished(job: Job, before: JobStatus | undefined, after: JobStatus): void;
}

export function jobMetrics(registry: MetricRegistry): JobMetrics {
  const jobs = registry.counter({
    name: 'job_controller_jobs_finished_total',
    help: 'Jobs that have ended, by how',
    labels: ['completion_mode', 'result', 'reason'],
  });
  const pods = registry.counter({
    name: 'job_controller_job_pods_finished_total',
    help: 'Pods of jobs that have ended and are counted in the status of their job',
    labels: ['completion_mode', 'result'],
  });
  return {
    finished(job, { type, reason }) {
      jobs.with(modeOf(job), type === 'Failed' ? 'failed' : 'succeeded', reason).add();
    },
    podsFinished(job, before, after) {
      const mode = modeOf(job);
      // Indexes may be taken away from a job: then less has succeeded than before.
      for (const result of ['succeeded', 'failed'] as const)
        pods.with(mode, result).add(Math.max(0, (after[result] ?? 0) - (before?.[result] ?? 0)));
    },
  };
}

function modeOf({ spec }: Job): string {
  return spec?.completionMode ?? 'NonIndexed';
}
