import type { Client } from '../../client/client.ts';
import type { PersistentVolume, Pod } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../resources/schema/resource-types.generated.ts';
import type { Files } from '../host/host.ts';
import { prepareHostPath } from './host-path.ts';

/** On volumes of the local provisioner, whose directories this node makes and removes. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';

/** What could not be found out about a claim, rather than a mount that failed. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/** The volume behind a pod's claim. Throws `ClaimError` in the kubelet's words. */
export async function volumeOfClaim(
  client: Pick<Client, 'get'>,
  pod: Pod,
  claimName: string,
  signal: AbortSignal,
): Promise<PersistentVolume> {
  const { namespace = '' } = pod.metadata;
  const problem = (why: string) => new ClaimError(`error processing PVC ${namespace}/${claimName}: ${why}`);
  const claim = await client
    .get(persistentVolumeClaims, { namespace, name: claimName }, { signal })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw problem(`failed to fetch PVC from API server: ${messageOf(error)}`);
    });
  if (claim.metadata.deletionTimestamp != null) throw problem('PVC is being deleted');
  if (claim.status?.phase !== 'Bound') throw problem('PVC is not bound');
  const name = claim.spec?.volumeName ?? '';
  if (name === '') throw problem('PVC has empty pvc.Spec.VolumeName');
  const volume = await client.get(persistentVolumes, { name }, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw problem(`failed to fetch PV ${name} from API server: ${messageOf(error)}`);
  });
  const { claimRef } = volume.spec ?? {};
  if (claimRef === undefined)
    throw problem(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  const { uid } = claim.metadata;
  if (claimRef.uid !== uid)
    throw problem(
      `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${uid}`,
    );
  return volume;
}

/** The directory of a volume on this node. A provisioned one is made when it is first used. Throws an `Error`. */
export async function persistentVolumePath(files: Files, volume: PersistentVolume): Promise<string> {
  const { hostPath, local } = volume.spec ?? {};
  if (hostPath !== undefined) return prepareHostPath(files, hostPath);
  if (local === undefined) {
    const kind = Object.keys(volume.spec ?? {}).find((key) => /^(csi|nfs|iscsi|rbd|cephfs|fc)$/.test(key));
    throw new Error(`volumes of type ${kind ?? 'unknown'} are not supported by this node`);
  }
  const found = await files.stat(local.path);
  if (found === undefined && volume.metadata.annotations?.[provisionedBy] !== undefined) {
    await files.makeDirectory(local.path, 0o777);
    await files.chmod(local.path, 0o777);
  } else if (found === undefined) throw new Error(`path "${local.path}" does not exist`);
  return local.path;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
