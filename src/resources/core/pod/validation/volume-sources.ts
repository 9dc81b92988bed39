import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required, tooLong } from '../../../../machinery/field-errors.ts';
import { dnsSubdomain } from '../../../../machinery/names.ts';
import { validateAnnotations, validateLabels } from '../../../../machinery/object-meta.ts';
import { parseQuantity } from '../../../../machinery/quantity.ts';
import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  HostPathVolumeSource,
  ImageVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PersistentVolumeClaimVolumeSource,
  SecretVolumeSource,
  Volume,
} from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { validateClaimSpec } from '../../persistent-volume-claim-spec.ts';
import { validateFileMode, validateNoBacksteps } from './paths.ts';
import { validateProjected } from './projected-volumes.ts';
import * as systems from './storage-systems.ts';
import { validateDownwardFile, validateItems } from './volume-files.ts';

export interface SourceContext {
  readonly volumeName: string;
  readonly podName: string;
}

/** Checks one source of a volume; `path` is the volume's. */
export type SourceRule<S> = (source: S, path: string, errors: FieldError[], context: SourceContext) => void;

type SourceName = Exclude<keyof Volume, 'name'>;
type SourceEntry = { [Name in SourceName]: readonly [Name, SourceRule<NonNullable<Volume[Name]>>] }[SourceName];

/** In the order in which Kubernetes looks at them: the first one present is the one, all others are too many. */
export const volumeSources: readonly SourceEntry[] = [
  ['emptyDir', validateEmptyDir],
  ['hostPath', validateHostPath],
  ['gitRepo', systems.validateGitRepo],
  ['gcePersistentDisk', systems.validateGcePersistentDisk],
  ['awsElasticBlockStore', systems.validateAwsElasticBlockStore],
  ['secret', validateSecret],
  ['nfs', validateNfs],
  ['iscsi', validateIscsi],
  ['glusterfs', systems.validateGlusterfs],
  ['flocker', systems.validateFlocker],
  ['persistentVolumeClaim', validateClaim],
  ['rbd', systems.validateRbd],
  ['cinder', systems.validateCinder],
  ['cephfs', systems.validateCephfs],
  ['quobyte', systems.validateQuobyte],
  ['downwardAPI', validateDownwardApi],
  ['fc', systems.validateFibreChannel],
  ['flexVolume', systems.validateFlexVolume],
  ['configMap', validateConfigMap],
  ['azureFile', systems.validateAzureFile],
  ['vsphereVolume', systems.validateVsphereVolume],
  ['photonPersistentDisk', systems.validatePhotonPersistentDisk],
  ['portworxVolume', systems.validatePortworxVolume],
  ['azureDisk', systems.validateAzureDisk],
  ['storageos', systems.validateStorageOs],
  ['projected', validateProjected],
  ['scaleIO', systems.validateScaleIo],
  ['csi', validateCsi],
  ['ephemeral', validateEphemeral],
  ['image', validateImage],
];

const hostPathTypes: ReadonlySet<string> = new Set([
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]);
const pullPolicies: ReadonlySet<string> = new Set(['Always', 'IfNotPresent', 'Never']);
const maxDriverName = 63;

function validateIscsi(source: ISCSIVolumeSource, path: string, errors: FieldError[]): void {
  systems.validateIscsi(source, path, errors);
}

function validateEmptyDir({ sizeLimit }: EmptyDirVolumeSource, path: string, errors: FieldError[]): void {
  if (sizeLimit !== undefined && parseQuantity(sizeLimit).unscaled < 0n)
    errors.push(forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
}

export function validateHostPath(source: HostPathVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.path) {
    errors.push(required(`${path}.hostPath.path`));
    return;
  }
  validateNoBacksteps(source.path, `${path}.hostPath.path`, errors);
  if (source.type !== undefined && !hostPathTypes.has(source.type))
    errors.push(notSupported(`${path}.hostPath.type`, source.type, hostPathTypes));
}

function validateSecret(source: SecretVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.secret`;
  if (!source.secretName) errors.push(required(`${place}.secretName`));
  validateFileMode(source.defaultMode, `${place}.defaultMode`, errors);
  validateItems(source.items ?? [], `${place}.items`, errors);
}

function validateConfigMap(source: ConfigMapVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.configMap`;
  if (!source.name) errors.push(required(`${place}.name`));
  validateFileMode(source.defaultMode, `${place}.defaultMode`, errors);
  validateItems(source.items ?? [], `${place}.items`, errors);
}

function validateDownwardApi(source: DownwardAPIVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.downwardAPI`;
  validateFileMode(source.defaultMode, `${place}.defaultMode`, errors);
  for (const file of source.items ?? []) validateDownwardFile(file, place, errors);
}

export function validateNfs(source: NFSVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.server) errors.push(required(`${path}.nfs.server`));
  if (!source.path) errors.push(required(`${path}.nfs.path`));
  if (!source.path?.startsWith('/'))
    errors.push(invalid(`${path}.nfs.path`, source.path ?? '', 'must be an absolute path'));
}

function validateClaim(source: PersistentVolumeClaimVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.claimName) errors.push(required(`${path}.persistentVolumeClaim.claimName`));
}

function validateCsi(source: CSIVolumeSource, path: string, errors: FieldError[]): void {
  const place = `${path}.csi`;
  validateCsiDriverName(source.driver, `${place}.driver`, errors);
  const reference = source.nodePublishSecretRef;
  if (reference === undefined) return;
  if (!reference.name) errors.push(required(`${place}.nodePublishSecretRef.name`));
  else applyRule(dnsSubdomain, reference.name, `${place}.name`, errors);
}

export function validateCsiDriverName(driver: string | undefined, path: string, errors: FieldError[]): void {
  if (!driver) {
    errors.push(required(path));
    return;
  }
  if (driver.length > maxDriverName) errors.push(tooLong(path, maxDriverName));
  for (const problem of dnsSubdomain(driver.toLowerCase())) errors.push(invalid(path, driver, problem));
}

function validateEphemeral(
  source: EphemeralVolumeSource,
  path: string,
  errors: FieldError[],
  { volumeName, podName }: SourceContext,
): void {
  const place = `${path}.ephemeral.volumeClaimTemplate`;
  const template = source.volumeClaimTemplate;
  if (template === undefined) errors.push(required(place));
  else {
    const { metadata = {} } = template;
    errors.push(...validateAnnotations(metadata.annotations ?? {}, `${place}.metadata.annotations`));
    errors.push(...validateLabels(metadata.labels ?? {}, `${place}.metadata.labels`));
    for (const field of Object.keys(metadata))
      if (field !== 'annotations' && field !== 'labels')
        errors.push(forbidden(`${place}.metadata.${field}`, 'cannot be set'));
    validateClaimSpec(template.spec, `${place}.spec`, errors);
  }
  if (podName === '' || volumeName === '') return;
  const claimName = `${podName}-${volumeName}`;
  for (const problem of dnsSubdomain(claimName))
    errors.push(invalid(`${path}.name`, volumeName, `PVC name "${claimName}": ${problem}`));
}

function validateImage(source: ImageVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.reference) errors.push(required(`${path}.image.reference`));
  if (source.pullPolicy && !pullPolicies.has(source.pullPolicy))
    errors.push(notSupported(`${path}.image.pullPolicy`, source.pullPolicy, pullPolicies));
}
