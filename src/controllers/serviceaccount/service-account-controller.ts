import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Namespace, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';
import { namespaces, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { metadataOnly, namespaceInformer } from '../runtime/projections.ts';

/** The account that pods of a namespace run as when they name none. */
const name = 'default';

/** Keeps a ServiceAccount `default` in every namespace that is not going away. */
export function serviceAccountController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const spaces: Informer<Namespace> = informers.informer(namespaces, namespaceInformer);
  const accounts = informers.informer(serviceAccounts, { projection: metadataOnly<ServiceAccount> });
  return {
    name: 'serviceaccount',
    watches: [
      watching(spaces, ownKey),
      watching(accounts, ({ type, object }) =>
        type === 'deleted' && object.metadata.name === name ? [object.metadata.namespace ?? ''] : [],
      ),
    ],
    async reconcile(namespace, signal) {
      if (spaces.get(namespace)?.status?.phase !== 'Active') return undefined;
      if (accounts.get(name, namespace) !== undefined) return undefined;
      try {
        await client.create(serviceAccounts, { metadata: { namespace, name } }, { signal });
      } catch (error) {
        if (!isReason(error, 'AlreadyExists')) throw error;
      }
      return undefined;
    },
  };
}
