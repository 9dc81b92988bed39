import type { Client } from '../../client/client.ts';
import { notMadeFor } from '../../resources/core/pod/volume-claims.ts';
import type { PersistentVolume, Pod } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../resources/schema/resource-types.generated.ts';
import type { Files } from '../host/host.ts';
import { prepareHostPath } from './host-path.ts';
import { type ProvisionedVolumes, provisionedBy } from './provisioned-volumes.ts';

/** What could not be found out about a claim, rather than a mount that failed. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/** The volume behind a pod's claim. Throws `ClaimError` in the kubelet's words. */
export async function volumeOfClaim(
  client: Pick<Client, 'get'>,
  pod: Pod,
  { claimName, isEphemeral }: { readonly claimName: string; readonly isEphemeral: boolean },
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
  const ownedBy = claim.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
  if (isEphemeral && ownedBy !== pod.metadata.uid) throw new ClaimError(notMadeFor(pod, claimName));
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

/** Where a volume is on this node. Throws an `Error` in the kubelet's words. */
export async function persistentVolumePath(
  files: Files,
  volume: PersistentVolume,
  provisioned: Pick<ProvisionedVolumes, 'prepare'>,
): Promise<string> {
  const { hostPath, local } = volume.spec ?? {};
  const path = local?.path ?? hostPath?.path;
  if (path === undefined) {
    const kind = Object.keys(volume.spec ?? {}).find((key) => /^(csi|nfs|iscsi|rbd|cephfs|fc)$/.test(key));
    throw new Error(`volumes of type ${kind ?? 'unknown'} are not supported by this node`);
  }
  if (isProvisioned(volume)) await provisioned.prepare(volume, path);
  if (hostPath !== undefined) return prepareHostPath(files, hostPath);
  if ((await files.stat(path)) === undefined) throw new Error(`path "${path}" does not exist`);
  return path;
}

export function isProvisioned({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.[provisionedBy] !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
