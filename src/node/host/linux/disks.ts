import { readFile, statfs } from 'node:fs/promises';
import type { DiskActivity, MountedDisk } from '../host.ts';
import type { MountTableEntry } from './mount-table.ts';

/** What a block device is called, and what it has done. */
export interface BlockDevice {
  /** Of the kernel: `254:0`. */
  readonly numbers: string;
  /** `/dev/vda`. */
  readonly device: string;
  readonly activity: DiskActivity;
}

/** So many are told of. */
const mostDisks = 64;

/** Lines of /proc/diskstats: two numbers, a name, and figures, of which older kernels have eleven and newer ones more. */
export function parseDiskStats(text: string): readonly BlockDevice[] {
  return text.split('\n').flatMap((line) => {
    const [major, minor, name, ...figures] = line.trim().split(/\s+/);
    if (name === undefined) return [];
    const [reads = 0, readsMerged = 0, sectorsRead = 0, readMs = 0, ...more] = figures.map(Number);
    const [writes = 0, writesMerged = 0, sectorsWritten = 0, writeMs = 0, inProgress = 0, busyMs = 0, weightedMs = 0] =
      more;
    const read = { reads, readsMerged, sectorsRead, readMs };
    const written = { writes, writesMerged, sectorsWritten, writeMs };
    // A slash in a name is an exclamation mark.
    const device = `/dev/${name.replaceAll('!', '/')}`;
    return [
      { numbers: `${major}:${minor}`, device, activity: { ...read, ...written, inProgress, busyMs, weightedMs } },
    ];
  });
}

export async function readDiskStats(): Promise<readonly BlockDevice[]> {
  return parseDiskStats(await readFile('/proc/diskstats', 'utf8'));
}

/**
 * The file systems that are on block devices of this machine or in its pools of ZFS, each once however often it is mounted. Not those in
 * memory, and not those of other machines: whoever asks about one of those waits for as long as that machine is silent.
 */
export async function readDisks(mounts: readonly MountTableEntry[]): Promise<readonly MountedDisk[]> {
  const devices = new Map((await readDiskStats()).map((each) => [each.numbers, each.activity]));
  const bySource = new Map<string, MountTableEntry>();
  for (const mount of mounts) if (isOnDisk(mount) && !bySource.has(mount.source)) bySource.set(mount.source, mount);
  const disks = [...bySource.values()].slice(0, mostDisks).map(async (mount): Promise<MountedDisk | undefined> => {
    // Not mounted any more, or covered by something that we may not see.
    const found = await statfs(mount.mountPoint).catch(() => undefined);
    if (found === undefined) return undefined;
    const { bsize, blocks, bfree, bavail, files, ffree } = found;
    return {
      device: mount.source,
      capacityBytes: blocks * bsize,
      availableBytes: bavail * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodes: files,
      inodesFree: ffree,
      activity: devices.get(mount.device),
    };
  });
  return (await Promise.all(disks)).filter((disk) => disk !== undefined);
}

function isOnDisk({ source, type }: MountTableEntry): boolean {
  return type === 'zfs' || (source.startsWith('/dev/') && type !== 'devtmpfs');
}
