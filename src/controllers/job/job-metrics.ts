import { exponentialBuckets, type MetricRegistry } from '../../machinery/metrics.ts';
import type { Job, JobStatus } from '../../resources/schema/batch-v1.generated.ts';
import type { JobAssessment } from './assess-job.ts';
import { countIndexes, parseIndexRanges } from './index-ranges.ts';
import type { Outcome } from './job-conditions.ts';
import { replacesFailedOnly } from './job-pods.ts';

/** What a look at a job did with its pods. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

/** What the job controller counts, under Kubernetes' names. */
export interface JobMetrics {
  synced(job: Job, action: SyncAction, durationMs: number, failed: boolean): void;
  /** A job was left alone, for the cache of this resource was older than what was done. */
  skipped(group: string, resource: string): void;
  finished(job: Job, outcome: Outcome): void;
  /** Pods and indexes that have ended between two statuses of a job. */
  podsFinished(job: Job, before: JobStatus | undefined, after: JobStatus): void;
  podsCreated(assessment: JobAssessment, created: number, failed: number): void;
  /** A rule of a failure policy has decided about a pod. */
  policyApplied(action: string): void;
  /** A pod that has ended has the finalizer now, or has it no more. */
  finalizer(event: 'add' | 'delete'): void;
  managedElsewhere(controller: string): void;
}

export function jobMetrics(registry: MetricRegistry): JobMetrics {
  const counter = (name: string, help: string, ...labels: readonly string[]) =>
    registry.counter({ name: `job_controller_${name}`, help, labels });
  const bySync = ['completion_mode', 'result', 'action'];
  const syncSeconds = registry.histogram({
    name: 'job_controller_job_sync_duration_seconds',
    help: 'How long one look at a job takes',
    labels: bySync,
    buckets: exponentialBuckets(0.004, 2, 15),
  });
  const syncs = counter('job_syncs_total', 'Looks at jobs', ...bySync);
  const skips = counter('stale_sync_skips_total', 'Looks at jobs put off because a cache is old', 'group', 'resource');
  const jobs = counter('jobs_finished_total', 'Jobs that have ended, by how', 'completion_mode', 'result', 'reason');
  const pods = counter(
    'job_pods_finished_total',
    'Pods of jobs that have ended and are counted in the status of their job',
    'completion_mode',
    'result',
  );
  const indexes = counter('job_finished_indexes_total', 'Indexes that have ended', 'status', 'backoffLimit');
  const creations = counter('job_pods_creation_total', 'Pods created for jobs, by why', 'reason', 'status');
  const policy = counter(
    'pod_failures_handled_by_failure_policy_total',
    'Failed pods that a rule of a failure policy has decided about',
    'action',
  );
  const finalizers = counter(
    'terminated_pods_tracking_finalizer_total',
    'Pods that have ended and got or lost the finalizer by which they are counted',
    'event',
  );
  const elsewhere = counter(
    'jobs_by_external_controller_total',
    'Jobs that another controller takes care of',
    'controller_name',
  );
  return {
    synced(job, action, durationMs, failed) {
      const labels = [modeOf(job), failed ? 'error' : 'success', action];
      syncs.with(...labels).add();
      syncSeconds.with(...labels).observe(durationMs / 1000);
    },
    skipped: (group, resource) => skips.with(group, resource).add(),
    finished(job, { type, reason }) {
      jobs.with(modeOf(job), type === 'Failed' ? 'failed' : 'succeeded', reason).add();
    },
    podsFinished(job, before, after) {
      const mode = modeOf(job);
      // Indexes may be taken away from a job: then less has succeeded than before.
      for (const result of ['succeeded', 'failed'] as const)
        pods.with(mode, result).add(Math.max(0, (after[result] ?? 0) - (before?.[result] ?? 0)));
      if (mode !== 'Indexed') return;
      const limit = job.spec?.backoffLimitPerIndex === undefined ? 'global' : 'perIndex';
      const ended = { succeeded: 'completedIndexes', failed: 'failedIndexes' } as const;
      for (const [status, field] of Object.entries(ended)) {
        const added = indexesIn(job, after[field]) - indexesIn(job, before?.[field]);
        if (added > 0) indexes.with(status, limit).add(added);
      }
    },
    podsCreated({ spec, failed, terminating }, created, refused) {
      const again = failed > 0 && replacesFailedOnly(spec) ? 'recreate_failed' : 'recreate_terminating_or_failed';
      const reason = failed > 0 || terminating > 0 ? again : 'new';
      if (created > 0) creations.with(reason, 'succeeded').add(created);
      if (refused > 0) creations.with(reason, 'failed').add(refused);
    },
    policyApplied: (action) => policy.with(action).add(),
    finalizer: (event) => finalizers.with(event).add(),
    managedElsewhere: (controller) => elsewhere.with(controller).add(),
  };
}

function indexesIn({ spec }: Job, text: string | undefined): number {
  return text === undefined ? 0 : countIndexes(parseIndexRanges(text, spec?.completions ?? 0));
}

function modeOf({ spec }: Job): string {
  return spec?.completionMode ?? 'NonIndexed';
}
