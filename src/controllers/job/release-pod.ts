import type { Client } from '../../client/client.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { objectKey } from '../runtime/object-keys.ts';
import { trackingFinalizer } from './job-pods.ts';

/** Takes the finalizer of jobs from a pod. One that is gone, or is another by now, has none to be taken. */
export async function releasePod(client: Client, pod: Pod, signal: AbortSignal): Promise<void> {
  const metadata = { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] };
  try {
    await client.patch(pods, objectKey(pod), { type: 'strategic', body: { metadata } }, { signal });
  } catch (error) {
    if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
  }
}
