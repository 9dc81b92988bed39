import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid, required } from '../../../machinery/field-errors.ts';
import type {
  CSIPersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from '../../schema/core-v1.generated.ts';
import { validateNoBacksteps } from '../pod/validation/paths.ts';
import * as systems from '../pod/validation/storage-systems.ts';
import { validateCsiDriverName, validateHostPath, validateNfs } from '../pod/validation/volume-sources.ts';

/** Checks the source at hand; `path` is the spec's. */
type SourceRule = (spec: PersistentVolumeSpec, path: string, errors: FieldError[]) => void;

/** The fields of which exactly one says where the volume is, in the order in which Kubernetes looks at them. */
const rules = {
  hostPath: ({ hostPath }, path, errors) => hostPath && validateHostPath(hostPath, path, errors),
  gcePersistentDisk: ({ gcePersistentDisk: disk }, path, errors) =>
    disk && systems.validateGcePersistentDisk(disk, path, errors),
  awsElasticBlockStore: ({ awsElasticBlockStore: store }, path, errors) =>
    store && systems.validateAwsElasticBlockStore(store, path, errors),
  glusterfs: validateGlusterfs,
  flocker: ({ flocker }, path, errors) => flocker && systems.validateFlocker(flocker, path, errors),
  nfs: ({ nfs }, path, errors) => nfs && validateNfs(nfs, path, errors),
  rbd: ({ rbd }, path, errors) => rbd && systems.validateRbd(rbd, path, errors),
  quobyte: ({ quobyte }, path, errors) => quobyte && systems.validateQuobyte(quobyte, path, errors),
  cephfs: ({ cephfs }, path, errors) => cephfs && systems.validateCephfs(cephfs, path, errors),
  iscsi: validateIscsi,
  cinder: validateCinder,
  fc: ({ fc }, path, errors) => fc && systems.validateFibreChannel(fc, path, errors),
  flexVolume: ({ flexVolume }, path, errors) => flexVolume && systems.validateFlexVolume(flexVolume, path, errors),
  azureFile: validateAzureFile,
  vsphereVolume: ({ vsphereVolume }, path, errors) =>
    vsphereVolume && systems.validateVsphereVolume(vsphereVolume, path, errors),
  photonPersistentDisk: ({ photonPersistentDisk: disk }, path, errors) =>
    disk && systems.validatePhotonPersistentDisk(disk, path, errors),
  portworxVolume: ({ portworxVolume }, path, errors) =>
    portworxVolume && systems.validatePortworxVolume(portworxVolume, path, errors),
  azureDisk: ({ azureDisk }, path, errors) => azureDisk && systems.validateAzureDisk(azureDisk, path, errors),
  scaleIO: ({ scaleIO }, path, errors) => scaleIO && systems.validateScaleIo(scaleIO, path, errors),
  local: validateLocal,
  storageos: ({ storageos }, path, errors) => {
    if (storageos === undefined) return;
    const { secretRef, ...rest } = storageos;
    systems.validateStorageOs(rest, path, errors);
    if (secretRef !== undefined) validateSecret(secretRef, `${path}.storageos.secretRef`, errors);
  },
  csi: ({ csi }, path, errors) => csi && validateCsi(csi, `${path}.csi`, errors),
} satisfies Partial<Record<keyof PersistentVolumeSpec, (...args: Parameters<SourceRule>) => unknown>>;

export const sourceNames = Object.keys(rules) as readonly (keyof typeof rules)[];

export function validateVolumeSource(spec: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  let sources = 0;
  for (const name of sourceNames) {
    if (spec[name] === undefined) continue;
    // Of a volume of a plug-in Kubernetes does not mind that it is not the only one.
    if (sources++ > 0 && name !== 'flexVolume')
      errors.push(
        forbidden(`${path}.${name === 'cephfs' ? 'cephFS' : name}`, 'may not specify more than 1 volume type'),
      );
    else rules[name](spec, path, errors);
  }
  if (sources === 0) errors.push(required(path, 'must specify a volume type'));
}

const withMountOptions = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'cinder',
  'rbd',
  'quobyte',
  'iscsi',
  'cephfs',
  'nfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export function takesMountOptions(spec: PersistentVolumeSpec): boolean {
  return withMountOptions.some((name) => spec[name] !== undefined);
}

function validateGlusterfs({ glusterfs }: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  if (glusterfs === undefined) return;
  systems.validateGlusterfs(glusterfs, path, errors);
  if (glusterfs.endpointsNamespace === '') {
    const detail = 'if the endpointnamespace is set, it must be a valid namespace name';
    errors.push(invalid(`${path}.glusterfs.endpointsNamespace`, '', detail));
  }
}

function validateIscsi({ iscsi }: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  if (iscsi === undefined) return;
  systems.validateIscsi(iscsi, path, errors, 'must be valid format');
  if (iscsi.secretRef !== undefined && !iscsi.secretRef.name) errors.push(required(`${path}.iscsi.secretRef.name`));
}

function validateCinder({ cinder }: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  if (cinder === undefined) return;
  const { secretRef, ...rest } = cinder;
  systems.validateCinder(rest, path, errors);
  if (secretRef !== undefined) validateSecret(secretRef, `${path}.cinder.secretRef`, errors);
}

function validateAzureFile({ azureFile }: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  if (azureFile === undefined) return;
  systems.validateAzureFile(azureFile, path, errors);
  if (azureFile.secretNamespace === '') errors.push(required(`${path}.azureFile.secretNamespace`));
}

function validateLocal({ local, nodeAffinity }: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  if (local === undefined) return;
  if (!local.path) errors.push(required(`${path}.local.path`));
  else validateNoBacksteps(local.path, `${path}.local.path`, errors);
  if (nodeAffinity === undefined) errors.push(required(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
}

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCsi(csi: CSIPersistentVolumeSource, path: string, errors: FieldError[]): void {
  validateCsiDriverName(csi.driver, `${path}.driver`, errors);
  if (!csi.volumeHandle) errors.push(required(`${path}.volumeHandle`));
  for (const name of csiSecrets) {
    const reference = csi[name];
    if (reference !== undefined) validateSecret(reference, `${path}.${name}`, errors);
  }
}

function validateSecret({ name, namespace }: SecretReference, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(`${path}.name`));
  if (!namespace) errors.push(required(`${path}.namespace`));
}
