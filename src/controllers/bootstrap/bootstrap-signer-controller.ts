import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { clusterInfo } from '../../resources/bootstrap/cluster-info.ts';
import { equal } from '../../resources/equal.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps, secrets } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { withoutManagedFields } from '../runtime/projections.ts';
import { signedClusterInfo } from './sign-cluster-info.ts';
import { tokenInformer } from './token-informer.ts';

/** Keeps the signatures in `cluster-info`: who has a token can tell by them that what it read is of the cluster of the token. */
export function bootstrapSignerController({ client, informers, environment }: ControllerContext): Controller {
  const tokens = informers.informer(secrets, tokenInformer);
  const published: Informer<ConfigMap> = informers.informer(configMaps, {
    namespace: clusterInfo.namespace,
    fieldSelector: `metadata.name=${clusterInfo.name}`,
    projection: withoutManagedFields<ConfigMap>,
  });
  const key = `${clusterInfo.namespace}/${clusterInfo.name}`;
  return {
    name: 'bootstrap-signer-controller',
    watches: [watching(tokens, () => [key]), watching(published, () => [key])],
    async reconcile(_, signal) {
      const info = published.get(clusterInfo.name, clusterInfo.namespace);
      const data =
        info === undefined ? undefined : signedClusterInfo(info.data ?? {}, tokens.list(), environment.now());
      if (info === undefined || data === undefined || equal(data, info.data)) return undefined;
      try {
        await client.update(configMaps, { ...info, data }, { signal });
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  };
}
