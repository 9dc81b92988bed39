import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  PodCertificateProjection,
  Secret,
  Volume,
  VolumeProjection,
} from '../../resources/schema/core-v1.generated.ts';
import type { ReferencedObjects } from '../pods/environment-variables.ts';
import { fieldText, type PodFacts, resourceText } from '../pods/field-ref.ts';
import type { Credentials } from './pod-certificate.ts';
import { trustAnchors } from './trust-anchors.ts';

/** The files of a volume that is written from objects, by their paths in it. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadFile {
  readonly data: Uint8Array<ArrayBufferLike> | string;
  readonly mode: number;
  /** Owned by this user instead of root. */
  readonly user?: number | undefined;
}

export interface TokenRequest {
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

export interface PayloadInput {
  readonly pod: Pod;
  readonly facts: PodFacts;
  readonly objects: ReferencedObjects;
  token(pod: Pod, request: TokenRequest): Promise<string>;
  /** `source`: which of the volume's sources it is. Throws while there are none. */
  credentials(pod: Pod, source: number, projection: PodCertificateProjection): Credentials;
}

const defaultMode = 0o644;
const defaultTokenSeconds = 3600;

/** Whether a volume is written from objects, and so has to follow them. */
export function isWritten(volume: Volume): boolean {
  return (
    volume.configMap !== undefined ||
    volume.secret !== undefined ||
    volume.downwardAPI !== undefined ||
    volume.projected !== undefined
  );
}

/** What is to be in a volume. Throws an `Error` in the words of the FailedMount event when something it refers to is not there. */
export async function volumePayload(volume: Volume, input: PayloadInput): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) return configMapFiles(input, configMap, configMap.defaultMode ?? defaultMode);
  if (secret !== undefined)
    return secretFiles(input, { ...secret, name: secret.secretName }, secret.defaultMode ?? defaultMode);
  if (downwardAPI !== undefined)
    return downwardFiles(input, downwardAPI.items ?? [], downwardAPI.defaultMode ?? defaultMode);
  return projectedFiles(input, projected?.sources ?? [], projected?.defaultMode ?? defaultMode);
}

interface ObjectSource {
  readonly name?: string | undefined;
  readonly items?: readonly KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

async function configMapFiles(input: PayloadInput, source: ObjectSource, mode: number): Promise<Payload> {
  const { name = '', optional = false } = source;
  const found = await input.objects.configMap(input.pod.metadata.namespace ?? '', name);
  if (found === undefined && !optional) throw new Error(`configmap "${name}" not found`);
  const missing = (key: string) => `configmap references non-existent config key: ${key}`;
  return keyFiles(configMapData(found), source.items, mode, optional, missing);
}

async function secretFiles(input: PayloadInput, source: ObjectSource, mode: number): Promise<Payload> {
  const { name = '', optional = false } = source;
  const found = await input.objects.secret(input.pod.metadata.namespace ?? '', name);
  if (found === undefined && !optional) throw new Error(`secret "${name}" not found`);
  return keyFiles(
    secretData(found),
    source.items,
    mode,
    optional,
    (key) => `references non-existent secret key: ${key}`,
  );
}

function configMapData(configMap: ConfigMap | undefined): ReadonlyMap<string, PayloadFile['data']> {
  return new Map<string, PayloadFile['data']>([
    ...Object.entries(configMap?.data ?? {}),
    ...Object.entries(configMap?.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ]);
}

function secretData(secret: Secret | undefined): ReadonlyMap<string, PayloadFile['data']> {
  return new Map(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

/** All keys under their own names, or those that are asked for where they are asked to be. */
function keyFiles(
  data: ReadonlyMap<string, PayloadFile['data']>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  missing: (key: string) => string,
): Payload {
  if (items === undefined || items.length === 0)
    return new Map([...data].map(([key, value]) => [key, { data: value, mode }]));
  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    const value = data.get(item.key);
    if (value !== undefined) files.set(item.path, { data: value, mode: item.mode ?? mode });
    else if (!optional) throw new Error(missing(item.key));
  }
  return files;
}

function downwardFiles(input: PayloadInput, items: readonly DownwardAPIVolumeFile[], mode: number): Payload {
  const files = new Map<string, PayloadFile>();
  for (const item of items) files.set(item.path, { data: downwardText(input, item), mode: item.mode ?? mode });
  return files;
}

function downwardText({ pod, facts }: PayloadInput, { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile): string {
  if (fieldRef !== undefined) return fieldText(fieldRef.fieldPath, facts);
  if (resourceFieldRef === undefined) return '';
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const container = all.find(({ name }) => name === resourceFieldRef.containerName);
  if (container === undefined) throw new Error(`container ${resourceFieldRef.containerName} not found`);
  return resourceText(resourceFieldRef, container, facts.allocatable);
}

async function projectedFiles(
  input: PayloadInput,
  sources: readonly VolumeProjection[],
  mode: number,
): Promise<Payload> {
  const files = new Map<string, PayloadFile>();
  const problems: string[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      for (const [path, file] of await projectionFiles(input, source, index, mode)) files.set(path, file);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const unique = [...new Set(problems)];
  if (unique.length > 0) throw new Error(unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`);
  return files;
}

async function projectionFiles(
  input: PayloadInput,
  source: VolumeProjection,
  index: number,
  mode: number,
): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap !== undefined) return configMapFiles(input, configMap, mode);
  if (secret !== undefined) return secretFiles(input, secret, mode);
  if (downwardAPI !== undefined) return downwardFiles(input, downwardAPI.items ?? [], mode);
  if (podCertificate !== undefined) return certificateFiles(input, index, podCertificate, mode);
  if (clusterTrustBundle !== undefined) {
    const data = trustAnchors(clusterTrustBundle, await input.objects.trustBundles());
    return new Map([[clusterTrustBundle.path, { data, ...guarded(input.pod, mode) }]]);
  }
  if (serviceAccountToken === undefined) {
    const [kind = 'unknown'] = Object.keys(source);
    throw new Error(`projection of ${kind} is not supported by this node`);
  }
  const { path, audience, expirationSeconds = defaultTokenSeconds } = serviceAccountToken;
  const data = await input.token(input.pod, { audience, expirationSeconds });
  return new Map([[path, { data, ...guarded(input.pod, mode) }]]);
}

function certificateFiles(
  input: PayloadInput,
  source: number,
  projection: PodCertificateProjection,
  mode: number,
): Payload {
  const { key, chain } = input.credentials(input.pod, source, projection);
  const { credentialBundlePath, keyPath, certificateChainPath } = projection;
  const access = guarded(input.pod, mode);
  const files = new Map<string, PayloadFile>();
  if (credentialBundlePath) files.set(credentialBundlePath, { data: key + chain, ...access });
  if (keyPath) files.set(keyPath, { data: key, ...access });
  if (certificateChainPath) files.set(certificateChainPath, { data: chain, ...access });
  return files;
}

/** Readable by its pod's user alone, where there is one user or a group that everything of the volume is given to. */
function guarded(pod: Pod, mode: number): Pick<PayloadFile, 'mode' | 'user'> {
  const user = onlyUser(pod);
  return { mode: user !== undefined || pod.spec?.securityContext?.fsGroup !== undefined ? 0o600 : mode, user };
}

/** The user all containers of a pod run as; undefined when they differ, or none is named. */
function onlyUser(pod: Pod): number | undefined {
  const shared = pod.spec?.securityContext?.runAsUser;
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const users = [...initContainers, ...containers, ...ephemeralContainers].map(
    ({ securityContext }) => securityContext?.runAsUser ?? shared,
  );
  const [first] = users;
  return users.every((user) => user === first) ? first : undefined;
}
