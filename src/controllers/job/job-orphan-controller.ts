import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { finishedCondition } from '../../resources/batch/job-conditions.ts';
import type { Job } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { jobs, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Change, type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, parseKey } from '../runtime/object-keys.ts';
import { cachedOwner, controllerOf } from '../runtime/owner-references.ts';
import { byController, podInformer } from '../runtime/projections.ts';
import { jobInformer } from './job-informer.ts';
import { isManagedElsewhere, isTracked } from './job-pods.ts';
import { releasePod } from './release-pod.ts';

/** Takes the finalizer from pods that no job will count any more: it is gone, has let go of them, or has finished. */
export function jobOrphanController({ client, informers }: ControllerContext): Controller {
  const allJobs: Informer<Job> = informers.informer(jobs, jobInformer);
  const allPods: Informer<Pod> = informers.informer(pods, podInformer);

  function* ofJob({ type, object: job }: Change<Job>): Iterable<string> {
    if (type !== 'deleted' && finishedCondition(job) === undefined) return;
    for (const pod of allPods.byIndex(byController, job.metadata.uid ?? '')) if (isTracked(pod)) yield keyOf(pod);
  }

  const ofPod = ({ type, object: pod }: Change<Pod>): Iterable<string> =>
    type !== 'deleted' && isTracked(pod) && mayBeOrphan(pod, cachedOwner(allJobs, pod)) ? [keyOf(pod)] : [];

  /** The caches may not know the job of a new pod yet. */
  const newestOwner = async (pod: Pod, signal: AbortSignal): Promise<Job | undefined> => {
    const name = controllerOf(pod)?.name ?? '';
    try {
      const job = await client.get(jobs, { ...objectKey(pod), name }, { signal });
      return job.metadata.uid === controllerOf(pod)?.uid ? job : undefined;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  };

  return {
    name: 'job-orphan-pod',
    watches: [watching(allJobs, ofJob), watching(allPods, ofPod)],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const pod = allPods.get(name, namespace);
      if (pod === undefined || !isTracked(pod) || !mayBeOrphan(pod, cachedOwner(allJobs, pod))) return undefined;
      if (controllerOf(pod) !== undefined && !mayBeOrphan(pod, await newestOwner(pod, signal))) return undefined;
      await releasePod(client, pod, signal);
      return undefined;
    },
  };
}

/** Whether nobody will count the pod if this is its job. A controller of another kind may have a use of its own for the finalizer. */
function mayBeOrphan(pod: Pod, job: Job | undefined): boolean {
  const reference = controllerOf(pod);
  if (reference === undefined) return true;
  if (reference.kind !== jobs.kind || reference.apiVersion !== 'batch/v1') return false;
  return job === undefined || (!isManagedElsewhere(job) && finishedCondition(job) !== undefined);
}
