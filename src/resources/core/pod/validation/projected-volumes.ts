import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../../../machinery/label-selector.ts';
import { dnsSubdomain } from '../../../../machinery/names.ts';
import type {
  ClusterTrustBundleProjection,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../../schema/core-v1.generated.ts';
import { goValue } from '../../../validation/go-value.ts';
import { validateUserAnnotations } from '../../../validation/user-annotations.ts';
import { validateFileMode, validateFilePath } from './paths.ts';
import { validateDownwardFile, validateItems } from './volume-files.ts';

const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;
const minCertificateSeconds = 3600;
const maxCertificateSeconds = 91 * 86_400;
const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];

/** The files of one volume so far. */
interface Files {
  /** Of the volume's source: where Kubernetes reports some of what is wrong with one of several. */
  readonly path: string;
  readonly taken: Set<string>;
}

/** Several sources in one folder: no two of them may write the same file. */
export function validateProjected(source: ProjectedVolumeSource, volumePath: string, errors: FieldError[]): void {
  const path = `${volumePath}.projected`;
  validateFileMode(source.defaultMode, `${path}.defaultMode`, errors);
  const files: Files = { path, taken: new Set() };
  for (const [index, each] of (source.sources ?? []).entries())
    validateProjection(each, files, `${path}.sources[${index}]`, errors);
}

function validateProjection(source: VolumeProjection, files: Files, path: string, errors: FieldError[]): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (secret !== undefined) validateKeys(secret, files, `${path}.secret`, errors);
  if (configMap !== undefined) validateKeys(configMap, files, `${path}.configMap`, errors);
  for (const file of downwardAPI?.items ?? []) {
    validateDownwardFile(file, `${path}.downwardAPI`, errors);
    take(file.path, file.path, files, errors);
  }
  if (serviceAccountToken !== undefined)
    validateToken(serviceAccountToken, files, `${path}.serviceAccountToken`, errors);
  if (clusterTrustBundle !== undefined) validateBundle(clusterTrustBundle, files, `${path}.clusterTrustBundle`, errors);
  if (podCertificate !== undefined) validateCertificate(podCertificate, files, `${path}.podCertificate`, errors);
  if (hasSeveral(source)) errors.push(forbidden(path, 'may not specify more than 1 volume type per source'));
}

function hasSeveral(source: VolumeProjection): boolean {
  let sources = 0;
  for (const name in source) if (source[name as keyof VolumeProjection] !== undefined) sources++;
  return sources > 1;
}

/** `shown` is what the message names: the source where it has a name, else the file. */
function take(file: string | undefined, shown: unknown, files: Files, errors: FieldError[]): void {
  if (!file) return;
  if (files.taken.has(file)) errors.push(invalid(files.path, shown, 'conflicting duplicate paths'));
  files.taken.add(file);
}

interface KeySource {
  readonly name?: string | undefined;
  readonly items?: readonly KeyToPath[] | undefined;
}

function validateKeys({ name, items = [] }: KeySource, files: Files, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(`${path}.name`));
  validateItems(items, `${path}.items`, errors);
  for (const item of items) take(item.path, name, files, errors);
}

function validateToken(
  { expirationSeconds = 0, path: file }: ServiceAccountTokenProjection,
  files: Files,
  path: string,
  errors: FieldError[],
): void {
  const place = `${path}.expirationSeconds`;
  if (expirationSeconds < minTokenSeconds)
    errors.push(invalid(place, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > maxTokenSeconds)
    errors.push(invalid(place, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!file) errors.push(required(`${files.path}.path`));
  else validateFilePath(file, `${files.path}.path`, errors);
}

function validateBundle(bundle: ClusterTrustBundleProjection, files: Files, path: string, errors: FieldError[]): void {
  const { name, signerName, labelSelector, path: file } = bundle;
  if (name !== undefined && signerName !== undefined) {
    const shown = goValue(bundle, 'core.v1.ClusterTrustBundleProjection');
    errors.push(invalid(path, shown, 'only one of name and signerName may be used'));
  } else if (name !== undefined) {
    if (name === '') errors.push(required(`${path}.name`, 'must be a valid object name'));
    for (const problem of dnsSubdomain(name.replaceAll(':', '.')))
      errors.push(invalid(`${path}.name`, name, `not a valid clustertrustbundlename: ${problem}`));
    if (labelSelector !== undefined)
      errors.push(invalid(`${path}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified'));
  } else if (signerName !== undefined) {
    validateSigner(signerName, `${path}.signerName`, errors);
    errors.push(...validateLabelSelector(labelSelector, `${path}.labelSelector`));
  } else errors.push(required(path, 'either name or signerName must be specified'));
  if (!file) errors.push(required(`${path}.path`));
  else validateFilePath(file, `${path}.path`, errors);
  take(file, file, files, errors);
}

/** `example.com/signer` */
function validateSigner(name: string | undefined, path: string, errors: FieldError[]): void {
  const [domain = '', signer, ...rest] = (name ?? '').split('/');
  if (!name) errors.push(required(path));
  else if (!signer || rest.length > 0 || dnsSubdomain(domain).length > 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.push(invalid(path, name, detail));
  }
}

function validateCertificate(
  certificate: PodCertificateProjection,
  files: Files,
  path: string,
  errors: FieldError[],
): void {
  const { signerName, keyType, maxExpirationSeconds, userAnnotations } = certificate;
  validateSigner(signerName, `${path}.signerName`, errors);
  if (userAnnotations !== undefined) validateUserAnnotations(userAnnotations, `${path}.userAnnotations`, errors);
  if (!keyTypes.includes(keyType)) errors.push(notSupported(`${path}.keyType`, keyType ?? '', keyTypes));
  if (maxExpirationSeconds !== undefined)
    validateLifetime(maxExpirationSeconds, `${path}.maxExpirationSeconds`, errors);
  const names = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;
  if (names.every((name) => !certificate[name]))
    errors.push(required(path, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'));
  for (const name of names) {
    const file = certificate[name];
    if (!file) continue;
    validateFilePath(file, `${path}.${name}`, errors);
    take(file, file, files, errors);
  }
}

function validateLifetime(seconds: number, path: string, errors: FieldError[]): void {
  if (seconds < minCertificateSeconds)
    errors.push(invalid(path, seconds, `if provided, maxExpirationSeconds must be >= ${minCertificateSeconds}`));
  if (seconds > maxCertificateSeconds)
    errors.push(invalid(path, seconds, `if provided, maxExpirationSeconds must be <= ${maxCertificateSeconds}`));
}
