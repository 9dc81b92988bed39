import type { Filesystem, HostInfo, HostStats } from '../host/host.ts';
import type { Observation, Observations, Signal } from './signals.ts';

export interface NodeMeasures {
  readonly info: Pick<HostInfo, 'memoryBytes' | 'diskBytes' | 'processesMax'>;
  readonly stats: HostStats;
  /** What holds images and writable layers; undefined: not known. */
  readonly images: Filesystem | undefined;
  /** What all pods together have of memory, and may have at the most; undefined: not known. */
  readonly pods: { readonly memoryBytes: number; readonly limitBytes: number } | undefined;
}

/** What is left of all that a node can run short of. Pure. */
export function observeNode({ info, stats, images, pods }: NodeMeasures): Observations {
  const at = stats.timestamp;
  const found = new Map<Signal, Observation>();
  const see = (signal: Signal, available: number, capacity: number) => found.set(signal, { available, capacity, at });
  see('memory.available', stats.memoryAvailableBytes, info.memoryBytes);
  if (pods !== undefined)
    see('allocatableMemory.available', Math.max(0, pods.limitBytes - pods.memoryBytes), pods.limitBytes);
  see('nodefs.available', stats.diskAvailableBytes, info.diskBytes);
  see('pid.available', info.processesMax - stats.processes, info.processesMax);
  // There are file systems that do not count their inodes.
  if (stats.diskInodes > 0) see('nodefs.inodesFree', stats.diskInodesFree, stats.diskInodes);
  if (images !== undefined) {
    see('imagefs.available', images.availableBytes, images.capacityBytes);
    if (images.inodes > 0) see('imagefs.inodesFree', images.inodesFree, images.inodes);
  }
  return found;
}
