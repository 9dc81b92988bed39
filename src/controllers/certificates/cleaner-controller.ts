import { isReason } from '../../machinery/status-error.ts';
import { certificateSigningRequests } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { requestInformer } from '../runtime/projections.ts';
import { endOfRequest } from './decide-cleaning.ts';

/** Also for the sake of a clock that jumps. */
const lookAgainMs = 3600_000;

/** Removes certificate requests that have been answered for a while, or that nobody answers: machines make them without end. */
export function requestCleanerController({ client, informers, environment }: ControllerContext): Controller {
  const requests = informers.informer(certificateSigningRequests, requestInformer);
  return {
    name: 'certificatesigningrequest-cleaner-controller',
    watches: [watching(requests, ownKey)],
    async reconcile(name, signal) {
      const request = requests.get(name);
      const end = request === undefined ? undefined : endOfRequest(request);
      if (request === undefined || end === undefined) return undefined;
      const left = end - environment.now();
      if (left >= 0) return { requeueAfterMs: Math.min(left + 1, lookAgainMs) };
      try {
        const preconditions = { uid: request.metadata.uid };
        await client.delete(certificateSigningRequests, { name }, { preconditions, signal });
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
      return undefined;
    },
  };
}
