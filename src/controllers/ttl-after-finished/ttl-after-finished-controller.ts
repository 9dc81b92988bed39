import { exponentialBuckets } from '../../machinery/metrics.ts';
import { isReason } from '../../machinery/status-error.ts';
import { parseTime } from '../../machinery/time.ts';
import { finishedCondition } from '../../resources/batch/job-conditions.ts';
import type { Job } from '../../resources/schema/batch-v1.generated.ts';
import { jobs } from '../../resources/schema/resource-types.generated.ts';
import { jobInformer } from '../job/job-informer.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, parseKey } from '../runtime/object-keys.ts';

/** Deletes finished jobs with all that is theirs, once the time is over that they asked to be kept for (KEP-592). */
export function ttlAfterFinishedController({ client, informers, environment, metrics }: ControllerContext): Controller {
  const deletionSeconds = metrics
    .histogram({
      name: 'ttl_after_finished_controller_job_deletion_duration_seconds',
      help: 'From the time when a job was to be deleted until it was',
      buckets: exponentialBuckets(0.1, 2, 14),
    })
    .with();
  const allJobs = informers.informer(jobs, jobInformer);

  return {
    name: 'ttl-after-finished',
    watches: [
      watching(allJobs, ({ type, object }) =>
        type === 'deleted' || expiryMs(object) === undefined ? [] : [keyOf(object)],
      ),
    ],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const cached = allJobs.get(name, namespace);
      const cachedExpiryMs = cached && expiryMs(cached);
      if (cachedExpiryMs === undefined) return undefined;
      if (cachedExpiryMs > environment.now()) return { requeueAfterMs: cachedExpiryMs - environment.now() };
      try {
        // Somebody may just have given it more time.
        const job = await client.get(jobs, { name, namespace }, { signal });
        const freshExpiryMs = expiryMs(job);
        if (freshExpiryMs === undefined || freshExpiryMs > environment.now()) return undefined;
        const preconditions = { uid: job.metadata.uid };
        await client.delete(jobs, { name, namespace }, { propagationPolicy: 'Foreground', preconditions, signal });
        deletionSeconds.observe((environment.now() - freshExpiryMs) / 1000);
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  };
}

/** Until when a finished job is kept, in milliseconds since 1970; undefined when it is kept for good or going already. */
function expiryMs(job: Job): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  const finishedMs = parseTime(finishedCondition(job)?.lastTransitionTime);
  if (seconds === undefined || finishedMs === undefined || job.metadata.deletionTimestamp !== undefined)
    return undefined;
  return finishedMs + seconds * 1000;
}
