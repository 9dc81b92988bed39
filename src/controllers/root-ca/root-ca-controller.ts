import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { ConfigMap, Namespace } from '../../resources/schema/core-v1.generated.ts';
import { configMaps, namespaces } from '../../resources/schema/resource-types.generated.ts';
import { type Change, type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { namespaceInformer, withoutManagedFields } from '../runtime/projections.ts';

const name = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description =
  'The certificate authority by which pods of this namespace can verify the API server at its addresses inside the cluster.';

/** Keeps the ConfigMap `kube-root-ca.crt` in every namespace, which pods verify the API server by. `certificates`: PEM. */
export function rootCaController(
  context: ControllerContext,
  { certificates }: { readonly certificates: string },
): Controller {
  const { client, informers } = context;
  const spaces: Informer<Namespace> = informers.informer(namespaces, namespaceInformer);
  // One object of each namespace, whatever else is kept there.
  const published: Informer<ConfigMap> = informers.informer(configMaps, {
    fieldSelector: `metadata.name=${name}`,
    projection: withoutManagedFields<ConfigMap>,
  });
  const data = { 'ca.crt': certificates };
  return {
    name: 'root-ca-certificate-publisher',
    watches: [
      watching(spaces, ownKey),
      watching(published, ({ object }: Change<ConfigMap>) => [object.metadata.namespace ?? '']),
    ],
    async reconcile(namespace, signal) {
      if (spaces.get(namespace)?.status?.phase !== 'Active') return undefined;
      const existing = published.get(name, namespace);
      const annotations = { ...existing?.metadata.annotations, [descriptionAnnotation]: description };
      if (existing === undefined) {
        try {
          await client.create(configMaps, { metadata: { namespace, name, annotations }, data }, { signal });
        } catch (error) {
          if (!isReason(error, 'AlreadyExists')) throw error;
        }
      } else if (!equal(existing.data, data)) {
        const metadata = { ...existing.metadata, annotations };
        await client.update(configMaps, { ...existing, metadata, data }, { signal });
      }
      return undefined;
    },
  };
}
