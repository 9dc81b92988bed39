import type { Draft } from '../../../machinery/object.ts';
import type {
  DownwardAPIVolumeFile,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  ProjectedVolumeSource,
  Volume,
} from '../../schema/core-v1.generated.ts';
import { setClaimSpecDefaults } from '../persistent-volume-claim-defaults.ts';
import { defaultPullPolicy } from './pull-policy.ts';

/** The mode of files in volumes that Kubernetes writes: rw-r--r--. */
const fileMode = 0o644;
const tokenLifetimeSeconds = 3600;

export function setVolumeDefaults(volume: Draft<Volume>): void {
  if (!hasSource(volume)) volume.emptyDir = {};
  const { secret, configMap, downwardAPI, projected, hostPath, ephemeral, image } = volume;
  if (secret !== undefined) secret.defaultMode ??= fileMode;
  if (configMap !== undefined) configMap.defaultMode ??= fileMode;
  if (downwardAPI !== undefined) {
    downwardAPI.defaultMode ??= fileMode;
    setFileDefaults(downwardAPI.items ?? []);
  }
  if (projected !== undefined) setProjectedDefaults(projected);
  if (hostPath !== undefined) hostPath.type ??= '';
  if (image !== undefined && !image.pullPolicy) image.pullPolicy = defaultPullPolicy(image.reference ?? '');
  const template = ephemeral?.volumeClaimTemplate;
  if (template !== undefined) {
    template.metadata ??= {};
    template.spec ??= {} as Draft<PersistentVolumeClaimSpec>;
    setClaimSpecDefaults(template.spec);
  }
  setStorageSystemDefaults(volume);
}

function hasSource(volume: Draft<Volume>): boolean {
  for (const key in volume) if (key !== 'name' && volume[key as keyof Volume] !== undefined) return true;
  return false;
}

function setFileDefaults(files: Draft<DownwardAPIVolumeFile>[]): void {
  for (const { fieldRef, resourceFieldRef } of files) {
    if (fieldRef !== undefined && !fieldRef.apiVersion) fieldRef.apiVersion = 'v1';
    if (resourceFieldRef !== undefined) resourceFieldRef.divisor ??= '0';
  }
}

function setProjectedDefaults(projected: Draft<ProjectedVolumeSource>): void {
  projected.defaultMode ??= fileMode;
  for (const { serviceAccountToken, downwardAPI } of projected.sources ?? []) {
    if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= tokenLifetimeSeconds;
    if (downwardAPI !== undefined) setFileDefaults(downwardAPI.items ?? []);
  }
}

/** Storage systems that are built into the API, and not into any node any more. */
export function setStorageSystemDefaults({
  iscsi,
  rbd,
  azureDisk,
  scaleIO,
}: Pick<Draft<Volume | PersistentVolumeSpec>, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>): void {
  if (iscsi !== undefined) iscsi.iscsiInterface ||= 'default';
  if (rbd !== undefined) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}
