import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, required } from '../../../machinery/field-errors.ts';
import type { PersistentVolumeSpec } from '../../schema/core-v1.generated.ts';
import { validateNoBacksteps } from '../pod/validation/paths.ts';
import {
  validateAwsElasticBlockStore,
  validateFibreChannel,
  validateFlocker,
  validateGcePersistentDisk,
  validateVsphereVolume,
} from '../pod/validation/storage-systems.ts';
import { validateCsiDriverName, validateHostPath, validateNfs } from '../pod/validation/volume-sources.ts';

/** The fields of which exactly one says where the volume is. */
export const sourceNames = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'hostPath',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'flexVolume',
  'cinder',
  'cephfs',
  'fc',
  'flocker',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export function validateVolumeSource(spec: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  const given = sourceNames.filter((name) => spec[name] !== undefined);
  if (given.length === 0) errors.push(required(path, 'must specify a volume type'));
  for (const name of given.slice(1))
    errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'));
  const { hostPath, nfs, local, csi, gcePersistentDisk, awsElasticBlockStore, fc, flocker, vsphereVolume } = spec;
  if (hostPath !== undefined) validateHostPath(hostPath, `${path}.hostPath`, errors);
  if (nfs !== undefined) validateNfs(nfs, `${path}.nfs`, errors);
  if (gcePersistentDisk !== undefined) validateGcePersistentDisk(gcePersistentDisk, `${path}.persistentDisk`, errors);
  if (awsElasticBlockStore !== undefined)
    validateAwsElasticBlockStore(awsElasticBlockStore, `${path}.awsElasticBlockStore`, errors);
  if (fc !== undefined) validateFibreChannel(fc, `${path}.fc`, errors);
  if (flocker !== undefined) validateFlocker(flocker, `${path}.flocker`, errors);
  if (vsphereVolume !== undefined) validateVsphereVolume(vsphereVolume, `${path}.vsphereVolume`, errors);
  if (local !== undefined) {
    if (local.path === '') errors.push(required(`${path}.local.path`));
    else validateNoBacksteps(local.path, `${path}.local.path`, errors);
    if (spec.nodeAffinity === undefined)
      errors.push(required(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
  }
  if (csi !== undefined) {
    validateCsiDriverName(csi.driver, `${path}.csi.driver`, errors);
    if (csi.volumeHandle === '') errors.push(required(`${path}.csi.volumeHandle`));
  }
}
