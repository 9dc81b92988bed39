import type { EventRecorder } from '../../../client/event-recorder.ts';
import type { Pod, Secret } from '../../../resources/schema/core-v1.generated.ts';
import type { ReferencedObjects } from '../../pods/environment-variables.ts';
import { podEvent } from '../../pods/pod-events.ts';

/** The secrets that a pod names for pulling its images, without those that are not there: an event tells of these. */
export async function pullSecrets(
  { objects, recorder }: { readonly objects: Pick<ReferencedObjects, 'secret'>; readonly recorder: EventRecorder },
  pod: Pod,
): Promise<readonly Secret[]> {
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) =>
    name === undefined || name === '' ? [] : [name],
  );
  // Whatever keeps the secret from being read, the image may be had without it.
  const read = names.map((name) => objects.secret(pod.metadata.namespace ?? '', name).catch(() => undefined));
  const found = await Promise.all(read);
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
    podEvent(recorder, pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
  }
  return found.filter((secret) => secret !== undefined);
}
