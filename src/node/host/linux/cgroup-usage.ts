import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupUsage, ResourceUsage } from '../host.ts';
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
import { readPressures } from './pressure.ts';

/** Linux tells user space of cpu time in hundredths of a second. */
export const nanosecondsPerTick = 10_000_000;

/** What a cgroup and all below it use; undefined where there is no such cgroup. */
export function readCgroupUsage(
  now: number,
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): CgroupUsage | undefined {
  try {
    return cgroupVersion(hierarchies) === 1 ? usageV1(now, hierarchies, path) : usageV2(now, hierarchies, path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The processes of a cgroup, without those of cgroups below it; none where there is no such cgroup. */
export function readCgroupProcesses(hierarchies: readonly CgroupHierarchy[], path: string): readonly number[] {
  const folder = cgroupFolder(hierarchies, 'memory', path);
  return folder === undefined ? [] : (ifThere(() => processesIn(folder)) ?? []);
}

function usageV1(timestamp: number, hierarchies: readonly CgroupHierarchy[], path: string): CgroupUsage | undefined {
  const [memory, cpu, quota] = ['memory', 'cpuacct', 'cpu'].map((name) => cgroupFolder(hierarchies, name, path));
  if (memory === undefined || cpu === undefined) return undefined;
  const memoryStat = textIn(join(memory, 'memory.stat'));
  const ticks = textIn(join(cpu, 'cpuacct.stat'));
  const throttling = quota === undefined ? '' : textIn(join(quota, 'cpu.stat'));
  return {
    timestamp,
    cpuUsageCoreNanoSeconds: numberIn(join(cpu, 'cpuacct.usage')),
    cpuUserNanoSeconds: statField(ticks, 'user') * nanosecondsPerTick,
    cpuSystemNanoSeconds: statField(ticks, 'system') * nanosecondsPerTick,
    throttling: {
      periods: statField(throttling, 'nr_periods'),
      throttledPeriods: statField(throttling, 'nr_throttled'),
      throttledNanoSeconds: statField(throttling, 'throttled_time'),
      burstPeriods: statField(throttling, 'nr_bursts'),
      burstNanoSeconds: statField(throttling, 'burst_time'),
    },
    memoryCacheBytes: statField(memoryStat, 'total_cache'),
    memoryMappedBytes: statField(memoryStat, 'total_mapped_file'),
    memoryParts: memoryParts(memoryStat, 'total_', { dirty: 'dirty', writeback: 'writeback' }),
    ...memoryOfV1(numberIn(join(memory, 'memory.usage_in_bytes')), memoryStat),
    memoryLimitBytes: limitOf(numberIn(join(memory, 'memory.limit_in_bytes'))),
    // Kernels that do not count swap have no such file.
    swapLimitBytes: limitOf(ifThere(() => numberIn(join(memory, 'memory.memsw.limit_in_bytes'))) ?? 0),
    processes: processesBelow(memory),
    createdAt: madeAt(join(memory, 'cgroup.clone_children')),
  };
}

/** What is in use of memory, without its limits. */
export type MemoryUsage = Omit<
  ResourceUsage,
  'timestamp' | 'cpuUsageCoreNanoSeconds' | 'memoryLimitBytes' | 'swapLimitBytes'
>;

/** Of memory.usage_in_bytes and memory.stat. */
export function memoryOfV1(usage: number, stat: string): MemoryUsage {
  return {
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - statField(stat, 'total_inactive_file')),
    memoryRssBytes: statField(stat, 'total_rss'),
    swapUsageBytes: statField(stat, 'total_swap'),
    pageFaults: statField(stat, 'total_pgfault'),
    majorPageFaults: statField(stat, 'total_pgmajfault'),
    pressure: undefined,
  };
}

function usageV2(timestamp: number, hierarchies: readonly CgroupHierarchy[], path: string): CgroupUsage | undefined {
  const folder = cgroupFolder(hierarchies, '', path);
  if (folder === undefined) return undefined;
  const usage = numberIn(join(folder, 'memory.current'));
  const memoryStat = textIn(join(folder, 'memory.stat'));
  const cpu = textIn(join(folder, 'cpu.stat'));
  return {
    timestamp,
    cpuUsageCoreNanoSeconds: statField(cpu, 'usage_usec') * 1000,
    cpuUserNanoSeconds: statField(cpu, 'user_usec') * 1000,
    cpuSystemNanoSeconds: statField(cpu, 'system_usec') * 1000,
    throttling: {
      periods: statField(cpu, 'nr_periods'),
      throttledPeriods: statField(cpu, 'nr_throttled'),
      throttledNanoSeconds: statField(cpu, 'throttled_usec') * 1000,
      burstPeriods: statField(cpu, 'nr_bursts'),
      burstNanoSeconds: statField(cpu, 'burst_usec') * 1000,
    },
    memoryCacheBytes: statField(memoryStat, 'file'),
    memoryMappedBytes: statField(memoryStat, 'file_mapped'),
    memoryParts: memoryParts(memoryStat, '', { dirty: 'file_dirty', writeback: 'file_writeback' }),
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - statField(memoryStat, 'inactive_file')),
    memoryRssBytes: statField(memoryStat, 'anon'),
    memoryLimitBytes: limitOf(numberIn(join(folder, 'memory.max'))),
    swapUsageBytes: ifThere(() => numberIn(join(folder, 'memory.swap.current'))) ?? 0,
    swapLimitBytes: limitOf(ifThere(() => numberIn(join(folder, 'memory.swap.max'))) ?? 0),
    pageFaults: statField(memoryStat, 'pgfault'),
    majorPageFaults: statField(memoryStat, 'pgmajfault'),
    pressure: readPressures(folder),
    processes: processesBelow(folder),
    createdAt: madeAt(join(folder, 'cgroup.events')),
  };
}

/** A folder changes whenever a cgroup is made below it; this file of it does not. */
function madeAt(file: string): number {
  return statSync(file).mtimeMs;
}

function processesBelow(folder: string): number {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return below.reduce((sum, { name }) => sum + processesBelow(join(folder, name)), processesIn(folder).length);
}

/** `prefix`: with which v1 counts what is below a cgroup as well, as v2 always does. */
function memoryParts(stat: string, prefix: string, names: { readonly dirty: string; readonly writeback: string }) {
  const field = (name: string) => knownField(stat, `${prefix}${name}`);
  return {
    activeFileBytes: field('active_file'),
    inactiveFileBytes: field('inactive_file'),
    dirtyFileBytes: field(names.dirty),
    writebackFileBytes: field(names.writeback),
    kernelBytes: field('kernel'),
    pagesScanned: field('pgscan'),
    pagesStolen: field('pgsteal'),
    refaultsAnonymous: field('workingset_refault_anon'),
    refaultsFile: field('workingset_refault_file'),
  };
}
