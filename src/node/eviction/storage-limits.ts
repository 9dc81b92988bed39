import { formatQuantity, quantityOf, wholeValueOf } from '../../machinery/quantity.ts';
import { podLimits } from '../../resources/core/scheduling/pod-requests.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { ephemeralStorage, type PodUsage } from './pod-usage.ts';

const resource = 'ephemeral-storage';

/** Which limit of the node's disk a pod exceeds, in the kubelet's name for its metric, and in words. */
export interface StorageExcess {
  readonly limit: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
  readonly message: string;
}

/** Whether a pod has a limit of what it may take up of the node's disk. */
export function hasStorageLimit({ spec }: Pod): boolean {
  const limited = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    ({ resources }) => resources?.limits?.[resource] !== undefined,
  );
  return limited || spec?.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) === true;
}

/** The first limit that a pod exceeds; undefined when it keeps to all. */
export function storageExcess(pod: Pod, usage: PodUsage, ownImages: boolean): StorageExcess | undefined {
  return emptyDirExcess(pod, usage) ?? podExcess(pod, usage) ?? containerExcess(pod, usage, ownImages);
}

/** How near a pod is to a limit: 1 at it; 0 without one. */
export function nearestLimit(pod: Pod, usage: PodUsage): number {
  const shares = (pod.spec?.volumes ?? []).map(({ name, emptyDir }) =>
    shareOf(usage.volumes.find((each) => each.name === name)?.bytes, emptyDir?.sizeLimit),
  );
  return Math.max(0, ...shares, shareOf(ephemeralStorage(usage).bytes, podLimits(pod)[resource]));
}

function shareOf(used = 0, limit: string | number | undefined = 0): number {
  const bytes = wholeValueOf(limit);
  return bytes > 0 ? used / bytes : 0;
}

function emptyDirExcess(pod: Pod, { volumes }: PodUsage): StorageExcess | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || wholeValueOf(limit) <= 0) continue;
    const used = volumes.find((volume) => volume.name === name)?.bytes;
    if (used === undefined || used <= wholeValueOf(limit)) continue;
    const message = `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
    return { limit: 'emptydirfs.limit', message };
  }
  return undefined;
}

function podExcess(pod: Pod, usage: PodUsage): StorageExcess | undefined {
  const limit = podLimits(pod)[resource];
  if (limit === undefined || ephemeralStorage(usage).bytes <= limit) return undefined;
  const text = formatQuantity(quantityOf(limit, 'BinarySI'));
  return {
    limit: 'ephemeralpodfs.limit',
    message: `Pod ephemeral local storage usage exceeds the total limit of containers ${text}. `,
  };
}

/** Writable layers on a disk of their own are not what the limit of a container is about. */
function containerExcess(pod: Pod, { containers }: PodUsage, ownImages: boolean): StorageExcess | undefined {
  for (const { name, rootfs, logs } of containers) {
    const limit = pod.spec?.containers.find((each) => each.name === name)?.resources?.limits?.[resource];
    if (limit === undefined || logs.bytes + (ownImages ? 0 : rootfs.bytes) <= wholeValueOf(limit)) continue;
    const message = `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
    return { limit: 'ephemeralcontainerfs.limit', message };
  }
  return undefined;
}
