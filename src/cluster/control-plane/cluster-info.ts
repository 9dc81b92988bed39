import type { Client } from '../../client/client.ts';
import { formatKubeconfig } from '../../client/kubeconfig/kubeconfig.ts';
import { isReason } from '../../machinery/status-error.ts';
import { clusterInfo, clusterInfoKubeconfig } from '../../resources/bootstrap/cluster-info.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';

/**
 * Keeps in `cluster-info` under which URLs the cluster is reached, and by which authority it is known. The first URL has the empty name
 * under which kubeadm looks; the others are for machines that know to look for them.
 */
export async function publishClusterInfo(
  client: Client,
  servers: readonly string[],
  authorityPem: string,
): Promise<void> {
  const kubeconfig = formatKubeconfig({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: servers.map((server, index) => ({
      name: index === 0 ? '' : `server-${index}`,
      cluster: { server, 'certificate-authority-data': Buffer.from(authorityPem).toString('base64') },
    })),
    contexts: [],
    users: [],
    'current-context': '',
  });
  const data = { [clusterInfoKubeconfig]: kubeconfig };
  try {
    await client.create(configMaps, { metadata: clusterInfo, data }, { fieldManager: 'stuurman' });
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    await client.patch(configMaps, clusterInfo, { type: 'merge', body: { data } }, { fieldManager: 'stuurman' });
  }
}
