import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { Filesystem } from '../host/host.ts';

export interface DiskUsage {
  readonly bytes: number;
  readonly inodes: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly memoryBytes: number;
  readonly rootfs: DiskUsage;
  readonly logs: DiskUsage;
}

export interface VolumeUsage extends DiskUsage {
  readonly name: string;
  /** It takes up room on the node's disk, and goes with its pod. */
  readonly local: boolean;
  /** What it is on; undefined where that could not be told. */
  readonly filesystem: Filesystem | undefined;
  readonly measuredAt: number;
}

/** What a pod uses. */
export interface PodUsage {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly containers: readonly ContainerUsage[];
  readonly volumes: readonly VolumeUsage[];
  /** Files that the node keeps for the pod beside its volumes. */
  readonly files: DiskUsage;
}

/** What is known of the use of a pod; undefined: nothing. */
export type UsageOf = (pod: Pod) => PodUsage | undefined;

export const noDisk: DiskUsage = { bytes: 0, inodes: 0 };

export function addDisk(...all: readonly DiskUsage[]): DiskUsage {
  return all.reduce((sum, { bytes, inodes }) => ({ bytes: sum.bytes + bytes, inodes: sum.inodes + inodes }), noDisk);
}

/** All that a pod takes up of the node's disk. */
export function ephemeralStorage({ containers, volumes, files }: PodUsage): DiskUsage {
  return addDisk(
    files,
    ...containers.flatMap(({ rootfs, logs }) => [rootfs, logs]),
    ...volumes.filter(({ local }) => local),
  );
}
