import { quote } from '../../machinery/go-text.ts';
import type { Container, Pod, VolumeMount } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import { expand } from '../pods/expand.ts';
import { podDirectory } from '../pods/pod-directory.ts';
import { podHostname } from '../pods/sandbox-config.ts';
import type { MountFacts } from '../pods/worker-context.ts';
import type { Mount } from '../runtime/runtime.ts';
import { etcHosts } from './etc-hosts.ts';
import { isWritten } from './payload.ts';
import { resolveSubPath, subPathsDirectory } from './sub-path.ts';

export interface MountsInput extends MountFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly host: Host;
  readonly config: Pick<NodeConfig, 'rootDirectory' | 'clusterDomain'>;
  /** Where a volume of the pod is. */
  pathOf(volume: string): string | undefined;
}

/** What a container sees of its pod's volumes, and its /etc/hosts. Throws an `Error` in the kubelet's words. */
export async function containerMounts(input: MountsInput): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries())
    mounts.push(await mountOf(input, mount, index));
  const hosts = '/etc/hosts';
  // Without an address there is nothing to write into it.
  if (mounts.some(({ containerPath }) => containerPath === hosts) || input.podIps.length === 0) return mounts;
  const hostPath = await writeHosts(input);
  return [...mounts, { containerPath: hosts, hostPath, readOnly: false, propagation: 'private' }];
}

async function mountOf(input: MountsInput, mount: VolumeMount, index: number): Promise<Mount> {
  const { pod, container, pathOf } = input;
  const image = input.images.get(mount.name);
  const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`;
  if (image !== undefined) {
    const subPath = subPathOf(mount, input.variables);
    return { containerPath, hostPath: '', readOnly: true, propagation: 'private', image: { id: image, subPath } };
  }
  const path = pathOf(mount.name);
  const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name);
  if (path === undefined || volume === undefined)
    throw new Error(`cannot find volume ${quote(mount.name)} to mount into container ${quote(container.name)}`);
  if (mount.recursiveReadOnly === 'Enabled') {
    const asked = `volume ${quote(mount.name)} requested recursive read-only mode`;
    throw new Error(`failed to resolve recursive read-only mode: ${asked}, but it is not supported by the runtime`);
  }
  const subPath = subPathOf(mount, input.variables);
  return {
    containerPath,
    hostPath: subPath === '' ? path : await bindPart(input, path, subPath, mount, index),
    readOnly: mount.readOnly === true || volume.persistentVolumeClaim?.readOnly === true || isWritten(volume),
    propagation: propagationOf(mount),
  };
}

function subPathOf({ subPath = '', subPathExpr = '' }: VolumeMount, variables: ReadonlyMap<string, string>): string {
  if (subPathExpr === '') return subPath;
  return expand(subPathExpr, (name) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`missing value for ${name}`);
    return value;
  });
}

/** Binds a part of a volume to a place of the container's own, which nobody in the pod can exchange for a link. */
async function bindPart(
  { pod, container, host, config }: MountsInput,
  volume: string,
  subPath: string,
  mount: VolumeMount,
  index: number,
): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) await resolveSubPath(host.files, volume, subPath);
  const parts = subPathsDirectory(podDirectory(config.rootDirectory, pod.metadata.uid ?? ''));
  const target = `${parts}/${mount.name}/${container.name}/${index}`;
  try {
    const path = await resolveSubPath(host.files, volume, subPath);
    // An earlier container keeps what it has; this one sees what is there now.
    await host.unmount(target);
    await host.bindWithin(volume, path, target);
    return target;
  } catch (error) {
    const what = `volumeMount ${quote(mount.name)} of container ${quote(container.name)}`;
    throw new Error(`failed to prepare subPath for ${what}`, { cause: error });
  }
}

function propagationOf({ mountPropagation }: VolumeMount): Mount['propagation'] {
  if (mountPropagation === 'HostToContainer') return 'hostToContainer';
  return mountPropagation === 'Bidirectional' ? 'bidirectional' : 'private';
}

async function writeHosts({ pod, podIps, host: { files }, config }: MountsInput): Promise<string> {
  const directory = podDirectory(config.rootDirectory, pod.metadata.uid ?? '');
  const isHost = pod.spec?.hostNetwork === true;
  const machine = isHost ? await files.read('/etc/hosts').catch(() => new Uint8Array()) : new Uint8Array();
  const hostname = podHostname(pod, config.clusterDomain);
  const text = etcHosts(pod, podIps, hostname, config.clusterDomain, Buffer.from(machine).toString('utf8'));
  await files.makeDirectory(directory, 0o750);
  const path = `${directory}/etc-hosts`;
  const before = (await files.stat(path)) === undefined ? undefined : await files.read(path);
  // Running containers hold the file that is there: it is not replaced by its like.
  if (before === undefined || Buffer.from(before).toString('utf8') !== text) await files.write(path, text, 0o644);
  return path;
}
