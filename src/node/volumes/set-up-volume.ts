import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { wholeValueOf } from '../../machinery/quantity.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import type { EmptyDirVolumeSource, Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { ReferencedObjects } from '../pods/environment-variables.ts';
import { podDirectory } from '../pods/pod-directory.ts';
import type { MachineFacts } from '../pods/worker-context.ts';
import { writeAtomically } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import { nestedPlaces } from './nested-places.ts';
import { giveToGroup, isGivenToGroup } from './ownership.ts';
import { isWritten, volumePayload } from './payload.ts';
import { isProvisioned, persistentVolumePath, volumeOfClaim } from './persistent-volume.ts';
import type { PodCertificates } from './pod-certificates.ts';
import type { ProvisionedVolumes } from './provisioned-volumes.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { subPathsDirectory } from './sub-path.ts';

export interface SetUpContext {
  readonly client: Pick<Client, 'get'>;
  readonly environment: Environment;
  readonly host: Host;
  readonly config: NodeConfig;
  readonly objects: ReferencedObjects;
  readonly machine: MachineFacts;
  readonly tokens: ServiceAccountTokens;
  readonly certificates: PodCertificates;
  readonly provisioned: ProvisionedVolumes;
}

/** Folders below `volumes/` of a pod, named after the kubelet's volume plugins. */
const folders = {
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
  emptyDir: 'kubernetes.io~empty-dir',
} as const;

/** Makes a volume ready, or brings it up to date; nothing is lost when it was before. Answers where it is. */
export async function setUpVolume(
  context: SetUpContext,
  pod: Pod,
  volume: Volume,
  signal: AbortSignal,
): Promise<string> {
  const { host, client } = context;
  const { hostPath, emptyDir, persistentVolumeClaim } = volume;
  const claimName = claimNameOf(pod, volume);
  if (isWritten(volume)) return setUpWritten(context, pod, volume);
  if (hostPath !== undefined) return prepareHostPath(host.files, hostPath);
  if (emptyDir !== undefined) return setUpEmptyDir(context, pod, volume.name, emptyDir);
  if (claimName === undefined) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    throw new Error(`volumes of type ${kind} are not supported by this node`);
  }
  const claimed = await volumeOfClaim(client, pod, { claimName, isEphemeral: volume.ephemeral !== undefined }, signal);
  const path = await persistentVolumePath(host.files, claimed, context.provisioned);
  // A path of the host belongs to the host; what was provisioned belongs to the pod.
  if (claimed.spec?.local !== undefined || isProvisioned(claimed))
    await give(context, pod, path, persistentVolumeClaim?.readOnly === true);
  return path;
}

async function setUpWritten(context: SetUpContext, pod: Pod, volume: Volume): Promise<string> {
  const { host, environment, objects, machine, tokens, certificates } = context;
  const podIps = (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  const facts = { pod, podIps, hostIps: machine.hostIps, allocatable: machine.allocatable };
  const payload = await volumePayload(volume, {
    pod,
    facts,
    objects,
    token: (of, request) => tokens.token(of, request),
    credentials: (of, source, projection) => certificates.credentials(of, `${volume.name}/${source}`, projection),
  });
  const path = volumePath(context, pod, folderOf(volume), volume.name);
  const group = pod.spec?.securityContext?.fsGroup;
  if ((await host.files.stat(path)) === undefined) await host.files.makeDirectory(path, 0o777);
  if ((await host.files.list(path)).length === 0) {
    // Secrets are never on a disk. What a running container sees already is not covered by a mount.
    if (volume.configMap === undefined) await keepInMemory(context, pod, path, undefined);
    if (group !== undefined) await giveToGroup(host.files, path, group, true);
  }
  const own = async (directory: string) => {
    // The group may read: what is written here is the API's, and containers cannot change it.
    if (group !== undefined) await giveToGroup(host.files, directory, group, true);
  };
  await writeAtomically(host.files, path, payload, environment.now(), own);
  // Containers see the volume read-only, so that their runtime cannot make these.
  for (const place of nestedPlaces(pod, volume.name))
    if ((await host.files.stat(`${path}/${place.split('/', 1)[0]}`))?.type !== 'link')
      await host.files.makeWithin(path, place, 0o755);
  return path;
}

function folderOf(volume: Volume): string {
  if (volume.configMap !== undefined) return folders.configMap;
  if (volume.secret !== undefined) return folders.secret;
  return volume.downwardAPI !== undefined ? folders.downwardAPI : folders.projected;
}

async function setUpEmptyDir(
  context: SetUpContext,
  pod: Pod,
  name: string,
  { medium = '', sizeLimit }: EmptyDirVolumeSource,
): Promise<string> {
  const { host } = context;
  const path = volumePath(context, pod, folders.emptyDir, name);
  if (medium !== '' && medium !== 'Memory') throw new Error(`unknown storage medium "${medium}"`);
  const isNew = (await host.files.stat(path)) === undefined;
  if (isNew) {
    await host.files.makeDirectory(path, 0o777);
    await host.files.chmod(path, 0o777);
  }
  if (medium === 'Memory') await keepInMemory(context, pod, path, sizeLimit);
  if (isNew) await give(context, pod, path, false);
  return path;
}

/** All may write there, and take away only what is theirs. */
async function keepInMemory(
  context: SetUpContext,
  pod: Pod,
  path: string,
  sizeLimit: string | number | undefined,
): Promise<void> {
  const { host } = context;
  if (await host.isMounted(path)) return;
  const sizeBytes = memoryLimit(context, pod, sizeLimit);
  await host.mount({ source: 'tmpfs', target: path, type: 'tmpfs', ...(sizeBytes > 0 && { sizeBytes }) });
}

/** The least of what the volume, its pod and the node allow; 0 where nothing does. */
function memoryLimit({ machine }: SetUpContext, pod: Pod, sizeLimit: string | number | undefined): number {
  const limits = (pod.spec?.containers ?? []).map(({ resources }) => resources?.limits?.['memory']);
  const podLimit = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum: number, limit) => sum + wholeValueOf(limit ?? 0), 0)
    : 0;
  const candidates = [
    sizeLimit === undefined ? 0 : wholeValueOf(sizeLimit),
    podLimit,
    wholeValueOf(machine.allocatable['memory'] ?? 0),
  ].filter((bytes) => bytes > 0);
  return candidates.length === 0 ? 0 : Math.min(...candidates);
}

async function give({ host }: SetUpContext, pod: Pod, path: string, readOnly: boolean): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  const once = fsGroupChangePolicy === 'OnRootMismatch';
  if (once && (await isGivenToGroup(host.files, path, fsGroup, readOnly))) return;
  await giveToGroup(host.files, path, fsGroup, readOnly);
}

/** Where a volume is that takes up room on the node's disk, or in its memory, and goes with its pod; undefined for others. */
export function localVolumePath(
  config: Pick<NodeConfig, 'rootDirectory'>,
  pod: Pod,
  volume: Volume,
): string | undefined {
  if (volume.emptyDir !== undefined) return volumePath({ config }, pod, folders.emptyDir, volume.name);
  return isWritten(volume) ? volumePath({ config }, pod, folderOf(volume), volume.name) : undefined;
}

function volumePath(
  { config }: { readonly config: Pick<NodeConfig, 'rootDirectory'> },
  pod: Pod,
  folder: string,
  name: string,
): string {
  return `${podDirectory(config.rootDirectory, pod.metadata.uid ?? '')}/volumes/${folder}/${name}`;
}

/** Unmounts and removes the volumes of a pod; what belongs to the host or to a claim stays. */
export async function tearDownVolumes(host: Host, directory: string): Promise<void> {
  for (const folder of [folders.emptyDir, folders.secret, folders.downwardAPI, folders.projected]) {
    const volumes = `${directory}/volumes/${folder}`;
    const names = (await host.files.stat(volumes)) === undefined ? [] : await host.files.list(volumes);
    // Also what is no longer mounted, or never was, may stand in the ledger.
    for (const name of names) await host.unmount(`${volumes}/${name}`);
  }
  await unbindParts(host, subPathsDirectory(directory));
  await host.files.remove(`${directory}/volumes`);
}

async function unbindParts(host: Host, directory: string): Promise<void> {
  const below = async (path: string) => (await host.files.list(path)).map((name) => `${path}/${name}`);
  if ((await host.files.stat(directory)) === undefined) return;
  for (const volume of await below(directory))
    for (const container of await below(volume)) for (const part of await below(container)) await host.unmount(part);
  await host.files.remove(directory);
}
