import { isReason } from '../../machinery/status-error.ts';
import { tokenRemainingMs } from '../../resources/bootstrap/bootstrap-token.ts';
import { secrets } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey, parseKey } from '../runtime/object-keys.ts';
import { tokenInformer } from './token-informer.ts';

/** The clock may jump, so a token is looked at before its end too. */
const lookAgainMs = 3600_000;

/** Removes bootstrap tokens when they have expired. */
export function tokenCleanerController({ client, informers, environment }: ControllerContext): Controller {
  const tokens = informers.informer(secrets, tokenInformer);
  return {
    name: 'token-cleaner-controller',
    watches: [watching(tokens, ownKey)],
    async reconcile(key, signal) {
      const { namespace, name } = parseKey(key);
      const token = tokens.get(name, namespace);
      const left = token === undefined ? undefined : tokenRemainingMs(token, environment.now());
      if (token === undefined || left === undefined) return undefined;
      if (left > 0) return { requeueAfterMs: Math.min(left, lookAgainMs) };
      try {
        await client.delete(secrets, { namespace, name }, { preconditions: { uid: token.metadata.uid }, signal });
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
      return undefined;
    },
  };
}
