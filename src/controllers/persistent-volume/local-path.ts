import type { Draft } from '../../machinery/object.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';

/** The provisioner that every cluster has: a folder on the node where the first pod of the claim runs. */
export const localPathProvisioner = 'stuurman.dev/local-path';

/** A storage class may say which folder of the nodes holds its volumes. */
const directoryParameter = 'directory';

/**
 * The volume for a claim on a node. The folder is made when it is first mounted; when the volume is gone, the agent of that node
 * finds that no volume names the folder any more and removes it.
 */
export function localVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  nodeName: string,
  directory: string,
): Draft<PersistentVolume> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const volumeName = `pvc-${uid}`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { 'pv.kubernetes.io/provisioned-by': localPathProvisioner },
      finalizers: ['kubernetes.io/pv-protection'],
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      accessModes: [...(claim.spec?.accessModes ?? [])],
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      hostPath: {
        path: `${storageClass.parameters?.[directoryParameter] ?? directory}/${volumeName}`,
        type: 'DirectoryOrCreate',
      },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
          ],
        },
      },
    },
  };
}
