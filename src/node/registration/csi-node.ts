import type { Client } from '../../client/client.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { csiNodes } from '../../resources/schema/resource-types.generated.ts';
import type { CSINode } from '../../resources/schema/storage-v1.generated.ts';

const migratedPluginsAnnotation = 'storage.alpha.kubernetes.io/migrated-plugins';
/** Volumes of these kinds are those of CSI drivers since long, on every node alike. */
const migratedPlugins = [
  'kubernetes.io/aws-ebs',
  'kubernetes.io/azure-disk',
  'kubernetes.io/azure-file',
  'kubernetes.io/cinder',
  'kubernetes.io/gce-pd',
  'kubernetes.io/portworx-volume',
  'kubernetes.io/vsphere-volume',
];

/**
 * Makes sure of the object in which drivers of volumes are told of for this node, owned by the node. One of an earlier node of the name is
 * deleted first, with all that it says.
 */
export async function ensureCSINode(
  client: Pick<Client, 'create' | 'get' | 'update' | 'delete'>,
  node: Node,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', uid = '' } = node.metadata;
  const wanted: CSINode = {
    metadata: {
      name,
      annotations: { [migratedPluginsAnnotation]: migratedPlugins.join(',') },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: { drivers: [] },
  };
  if (await isCreated(client, wanted, signal)) return;
  const existing = await client.get(csiNodes, { name }, { signal });
  const { ownerReferences = [], annotations = {} } = existing.metadata;
  if (!ownerReferences.some((owner) => owner.kind === 'Node' && owner.uid === uid)) {
    await client.delete(csiNodes, { name }, { preconditions: { uid: existing.metadata.uid }, signal });
    await client.create(csiNodes, wanted, { signal });
    return;
  }
  const said = new Set(annotations[migratedPluginsAnnotation]?.split(','));
  if (said.size === migratedPlugins.length && migratedPlugins.every((plugin) => said.has(plugin))) return;
  const metadata = { ...existing.metadata, annotations: { ...annotations, ...wanted.metadata.annotations } };
  await client.update(csiNodes, { ...existing, metadata }, { signal });
}

async function isCreated(client: Pick<Client, 'create'>, wanted: CSINode, signal: AbortSignal): Promise<boolean> {
  try {
    await client.create(csiNodes, wanted, { signal });
    return true;
  } catch (error) {
    if (isReason(error, 'AlreadyExists')) return false;
    throw error;
  }
}
