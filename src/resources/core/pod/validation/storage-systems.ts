import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { dnsLabel, inRange } from '../../../../machinery/names.ts';
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  ISCSIVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { validateDescendingPath } from './paths.ts';

// Storage systems that were once built into Kubernetes. Most have no driver any more; their fields are still checked.

const iqn = /^iqn\.\d{4}-\d{2}\.([a-z0-9-.]+)(:[^,;*&$|\s]+)$/;
const eui = /^eui\.[0-9a-f]{16}$/i;
const naa = /^naa\.[0-9a-f]{32}$/i;
const maxTenant = 64;
const cachingModes: ReadonlySet<string> = new Set(['None', 'ReadOnly', 'ReadWrite']);
const diskKinds: ReadonlySet<string> = new Set(['Dedicated', 'Managed', 'Shared']);
const blobUri = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
const managedUri = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';

function demand(value: string | undefined, path: string, errors: FieldError[]): void {
  if (!value) errors.push(required(path));
}

function demandSome(values: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  if ((values ?? []).length === 0) errors.push(required(path));
}

function validateRange(value: number, low: number, high: number, path: string, errors: FieldError[]): void {
  for (const problem of inRange(value, low, high)) errors.push(invalid(path, value, problem));
}

export function validateGitRepo(source: GitRepoVolumeSource, path: string, errors: FieldError[]): void {
  demand(source.repository, `${path}.gitRepo.repository`, errors);
  validateDescendingPath(source.directory ?? '', `${path}.gitRepo.directory`, errors);
}

function validatePartition(partition: number | undefined, path: string, errors: FieldError[]): void {
  if (partition === undefined || (partition >= 0 && partition <= 255)) return;
  errors.push(invalid(path, partition, 'must be between 1 and 255, inclusive'));
}

export function validateGcePersistentDisk(
  source: GCEPersistentDiskVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  demand(source.pdName, `${path}.persistentDisk.pdName`, errors);
  validatePartition(source.partition, `${path}.persistentDisk.partition`, errors);
}

export function validateAwsElasticBlockStore(
  source: AWSElasticBlockStoreVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  demand(source.volumeID, `${path}.awsElasticBlockStore.volumeID`, errors);
  validatePartition(source.partition, `${path}.awsElasticBlockStore.partition`, errors);
}

/** `unknownKind` is what a name is told that is of none of the three kinds. */
export function validateIscsi(
  source: ISCSIVolumeSource,
  path: string,
  errors: FieldError[],
  unknownKind = 'must be valid format starting with iqn, eui, or naa',
): void {
  const place = `${path}.iscsi`;
  demand(source.targetPortal, `${place}.targetPortal`, errors);
  if (!source.iqn) errors.push(required(`${place}.iqn`));
  else if (!/^(?:iqn|eui|naa)/.test(source.iqn)) errors.push(invalid(`${place}.iqn`, source.iqn, unknownKind));
  else validateInitiator(source.iqn, `${place}.iqn`, errors);
  validateRange(source.lun ?? 0, 0, 255, `${place}.lun`, errors);
  const chap = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (chap && source.secretRef === undefined) errors.push(required(`${place}.secretRef`));
  if (source.initiatorName !== undefined) validateInitiator(source.initiatorName, `${place}.initiatorname`, errors);
}

function validateInitiator(name: string, path: string, errors: FieldError[]): void {
  const rule = name.startsWith('iqn') ? iqn : name.startsWith('eui') ? eui : name.startsWith('naa') ? naa : undefined;
  if (rule === undefined) errors.push(invalid(path, name, 'must be valid format starting with iqn, eui, or naa'));
  else if (!rule.test(name)) errors.push(invalid(path, name, 'must be valid format'));
}

export function validateGlusterfs(source: GlusterfsVolumeSource, path: string, errors: FieldError[]): void {
  demand(source.endpoints, `${path}.glusterfs.endpoints`, errors);
  demand(source.path, `${path}.glusterfs.path`, errors);
}

export function validateFlocker(source: FlockerVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.flocker`;
  const { datasetName, datasetUUID } = source;
  if (!datasetName && !datasetUUID) errors.push(required(place, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    errors.push(invalid(place, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (datasetName?.includes('/')) errors.push(invalid(`${place}.datasetName`, datasetName, "must not contain '/'"));
}

export function validateRbd(source: RBDVolumeSource, path: string, errors: FieldError[]): void {
  demandSome(source.monitors, `${path}.rbd.monitors`, errors);
  demand(source.image, `${path}.rbd.image`, errors);
}

export function validateCinder(source: CinderVolumeSource, path: string, errors: FieldError[]): void {
  demand(source.volumeID, `${path}.cinder.volumeID`, errors);
  if (source.secretRef !== undefined) demand(source.secretRef.name, `${path}.cinder.secretRef.name`, errors);
}

export function validateCephfs(source: CephFSVolumeSource, path: string, errors: FieldError[]): void {
  demandSome(source.monitors, `${path}.cephfs.monitors`, errors);
}

export function validateQuobyte(source: QuobyteVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.quobyte`;
  const registries = 'must be a host:port pair or multiple pairs separated by commas';
  if (!source.registry) errors.push(required(`${place}.registry`, registries));
  else if ((source.tenant ?? '').length > maxTenant)
    errors.push(required(`${place}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else if (!source.registry.split(',').every(isHostAndPort))
    errors.push(invalid(`${place}.registry`, source.registry, registries));
  demand(source.volume, `${place}.volume`, errors);
}

function isHostAndPort(text: string): boolean {
  return /^(?:\[[^\]]+\]|[^:]*):[^:]*$/.test(text);
}

export function validateFibreChannel(source: FCVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.fc`;
  const { targetWWNs = [], wwids = [], lun } = source;
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(`${place}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  } else if (targetWWNs.length > 0 && wwids.length > 0) {
    const detail = 'targetWWNs and wwids can not be specified simultaneously';
    errors.push(invalid(`${place}.targetWWNs`, targetWWNs, detail));
  }
  if (targetWWNs.length === 0) return;
  if (lun === undefined) errors.push(required(`${place}.lun`, 'lun is required if targetWWNs is specified'));
  else validateRange(lun, 0, 255, `${place}.lun`, errors);
}

export function validateFlexVolume(source: FlexVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.flexVolume`;
  demand(source.driver, `${place}.driver`, errors);
  for (const key in source.options) {
    const domain = key.split('/')[0] ?? '';
    if (/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain) && key.includes('/'))
      errors.push(invalid(`${place}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
  }
}

export function validateAzureFile(source: AzureFileVolumeSource, path: string, errors: FieldError[]): void {
  demand(source.secretName, `${path}.azureFile.secretName`, errors);
  demand(source.shareName, `${path}.azureFile.shareName`, errors);
}

export function validateVsphereVolume(
  source: VsphereVirtualDiskVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  demand(source.volumePath, `${path}.vsphereVolume.volumePath`, errors);
}

export function validatePhotonPersistentDisk(
  source: PhotonPersistentDiskVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  demand(source.pdID, `${path}.photonPersistentDisk.pdID`, errors);
}

export function validatePortworxVolume(source: PortworxVolumeSource, path: string, errors: FieldError[]): void {
  demand(source.volumeID, `${path}.portworxVolume.volumeID`, errors);
}

export function validateAzureDisk(source: AzureDiskVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.azureDisk`;
  const { diskName, diskURI = '', cachingMode, kind } = source;
  demand(diskName, `${place}.diskName`, errors);
  demand(diskURI, `${place}.diskURI`, errors);
  if (cachingMode !== undefined && !cachingModes.has(cachingMode))
    errors.push(notSupported(`${place}.cachingMode`, cachingMode, cachingModes));
  if (kind !== undefined && !diskKinds.has(kind)) errors.push(notSupported(`${place}.kind`, kind, diskKinds));
  const [prefix, wanted] = kind === 'Managed' ? ['/subscriptions', managedUri] : ['https://', blobUri];
  if (!diskURI.startsWith(prefix)) errors.push(notSupported(`${place}.diskURI`, diskURI, [wanted]));
}

export function validateStorageOs(source: StorageOSVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.storageos`;
  if (!source.volumeName) errors.push(required(`${place}.volumeName`));
  else applyRule(dnsLabel, source.volumeName, `${place}.volumeName`, errors);
  if (source.volumeNamespace) applyRule(dnsLabel, source.volumeNamespace, `${place}.volumeNamespace`, errors);
  if (source.secretRef !== undefined) demand(source.secretRef.name, `${place}.secretRef.name`, errors);
}

export function validateScaleIo(source: ScaleIOVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.scaleIO`;
  demand(source.gateway, `${place}.gateway`, errors);
  demand(source.system, `${place}.system`, errors);
  demand(source.volumeName, `${place}.volumeName`, errors);
}
