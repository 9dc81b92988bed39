import { isReason } from '../../machinery/status-error.ts';
import { parseTime } from '../../machinery/time.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { podCertificateRequests } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

/** By then every request has been answered, and its answer has been read. */
const lifeMs = 15 * 60_000;

/** Removes requests for certificates of pods that have served their time. */
export function podCertificateCleanerController({ client, informers, environment }: ControllerContext): Controller {
  const requests = informers.informer(podCertificateRequests, {
    projection: withoutManagedFields<PodCertificateRequest>,
  });
  return {
    name: 'podcertificaterequest-cleaner-controller',
    watches: [watching(requests, ownKey)],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const request = requests.get(name, namespace);
      if (request === undefined) return undefined;
      const leftMs = (parseTime(request.metadata.creationTimestamp) ?? 0) + lifeMs - environment.now();
      if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, lifeMs) };
      try {
        const preconditions = { uid: request.metadata.uid };
        await client.delete(podCertificateRequests, objectKey(request), { preconditions, signal });
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
      return undefined;
    },
  };
}
