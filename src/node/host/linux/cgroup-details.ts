import { join } from 'node:path';
import type { CgroupDetails, DiskTransfer } from '../host.ts';
import {
  cgroupFolder,
  ifThere,
  isGone,
  knownField,
  limitOf,
  numberIn,
  processesIn,
  statField,
  textIn,
} from './cgroup-files.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';
import { cpuShares } from './cgroup-settings.ts';

/** What is known of a cgroup beside what it uses. */
export interface ReadDetails extends Omit<CgroupDetails, 'open'> {
  /** Its own processes. */
  readonly pids: readonly number[];
}

/** `deviceNames`: by the numbers of a device, `254:0`. Undefined where there is no such cgroup. */
export function readCgroupDetails(
  hierarchies: readonly CgroupHierarchy[],
  path: string,
  deviceNames: ReadonlyMap<string, string>,
): ReadDetails | undefined {
  const folder = (controller: string) => cgroupFolder(hierarchies, controller, path);
  try {
    if (cgroupVersion(hierarchies) === 1) return detailsV1(folder, deviceNames);
    const only = folder('');
    return only === undefined ? undefined : detailsV2(only, deviceNames);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function detailsV1(
  folder: (controller: string) => string | undefined,
  deviceNames: ReadonlyMap<string, string>,
): ReadDetails | undefined {
  const [cpu, memory, threads, disks] = ['cpu', 'memory', 'pids', 'blkio'].map(folder);
  if (cpu === undefined || memory === undefined) return undefined;
  const number = (where: string | undefined, file: string) =>
    where === undefined ? undefined : ifThere(() => numberIn(join(where, file)));
  const quota = number(cpu, 'cpu.cfs_quota_us') ?? -1;
  return {
    cpuShares: numberIn(join(cpu, 'cpu.shares')),
    cpuQuota: quota > 0 ? quota : undefined,
    cpuPeriod: number(cpu, 'cpu.cfs_period_us') ?? 0,
    memoryReservedBytes: limitOf(numberIn(join(memory, 'memory.soft_limit_in_bytes'))),
    memoryPeakBytes: number(memory, 'memory.max_usage_in_bytes'),
    memoryLimitHits: number(memory, 'memory.failcnt'),
    memoryHighHits: undefined,
    oomKills: knownField(ifThere(() => textIn(join(memory, 'memory.oom_control'))) ?? '', 'oom_kill'),
    threads: number(threads, 'pids.current'),
    threadsMax: finite(number(threads, 'pids.max')),
    transfers: disks === undefined ? [] : transfersV1(disks, deviceNames),
    pids: processesIn(cpu),
  };
}

function detailsV2(folder: string, deviceNames: ReadonlyMap<string, string>): ReadDetails {
  const number = (file: string) => ifThere(() => numberIn(join(folder, file)));
  const text = (file: string) => ifThere(() => textIn(join(folder, file))) ?? '';
  const [quota, period = 0] = text('cpu.max').split(' ').map(Number);
  const events = text('memory.events');
  // Without `local` those of cgroups below are counted, too; kernels before 5.2 have it only that way.
  const own = text('memory.events.local') || events;
  return {
    cpuShares: cpuShares(number('cpu.weight')),
    // `max` is none.
    cpuQuota: quota === undefined || Number.isNaN(quota) || quota === 0 ? undefined : quota,
    cpuPeriod: period,
    memoryReservedBytes: number('memory.min') || undefined,
    memoryPeakBytes: number('memory.peak'),
    memoryLimitHits: knownField(events, 'max'),
    memoryHighHits: knownField(events, 'high'),
    oomKills: knownField(own, 'oom_kill'),
    threads: number('pids.current'),
    threadsMax: finite(number('pids.max')),
    transfers: transfersV2(text('io.stat'), deviceNames),
    pids: processesIn(folder),
  };
}

/** Lines `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 ...`. */
function transfersV2(stat: string, deviceNames: ReadonlyMap<string, string>): readonly DiskTransfer[] {
  return [...stat.matchAll(/^(\d+:\d+) (.*)$/gm)].map(([, numbers = '', figures = '']) => {
    const figure = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(figures)?.[1] ?? 0);
    return {
      device: deviceNames.get(numbers) ?? '',
      readBytes: figure('rbytes'),
      writtenBytes: figure('wbytes'),
      reads: figure('rios'),
      writes: figure('wios'),
    };
  });
}

/** Which of them counts depends on the scheduler of the disk: the first that has any figures. */
const countsOfV1 = [
  ['blkio.bfq.io_service_bytes_recursive', 'blkio.bfq.io_serviced_recursive'],
  ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'],
  ['blkio.throttle.io_service_bytes', 'blkio.throttle.io_serviced'],
] as const;

/** Lines `254:0 Read 4096`, `254:0 Write 0`, ...; the last one is `Total 4096`. */
function transfersV1(folder: string, deviceNames: ReadonlyMap<string, string>): readonly DiskTransfer[] {
  for (const files of countsOfV1) {
    const [bytes = '', requests = ''] = files.map((file) => ifThere(() => textIn(join(folder, file))) ?? '');
    const devices = new Set([...bytes.matchAll(/^(\d+:\d+) /gm)].map(([, numbers = '']) => numbers));
    if (devices.size === 0) continue;
    return [...devices].map((numbers) => ({
      device: deviceNames.get(numbers) ?? '',
      readBytes: statField(bytes, `${numbers} Read`),
      writtenBytes: statField(bytes, `${numbers} Write`),
      reads: statField(requests, `${numbers} Read`),
      writes: statField(requests, `${numbers} Write`),
    }));
  }
  return [];
}

function finite(number: number | undefined): number | undefined {
  return number === Number.POSITIVE_INFINITY ? undefined : number;
}
