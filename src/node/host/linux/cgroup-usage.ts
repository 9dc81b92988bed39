import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupUsage, ResourceUsage } from '../host.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';
import { readPressures } from './pressure.ts';

/** From here on a limit is none: the kernel rounds the largest number down to whole pages. */
const unlimitedBytes = 2 ** 62;
/** Linux tells user space of cpu time in hundredths of a second. */
export const nanosecondsPerTick = 10_000_000;

/** What a cgroup and all below it use; undefined where there is no such cgroup. */
export async function readCgroupUsage(
  now: number,
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): Promise<CgroupUsage | undefined> {
  try {
    return await (cgroupVersion(hierarchies) === 1 ? usageV1(now, hierarchies, path) : usageV2(now, hierarchies, path));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The processes of a cgroup, without those of cgroups below it; none where there is no such cgroup. */
export async function readCgroupProcesses(
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): Promise<readonly number[]> {
  const wanted = cgroupVersion(hierarchies) === 2 ? ({ version }: CgroupHierarchy) => version === 2 : hasMemory;
  const root = hierarchies.find(wanted);
  if (root === undefined) return [];
  try {
    return pidsOf(await readFile(join(root.path, path, 'cgroup.procs'), 'utf8'));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function usageV1(
  timestamp: number,
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): Promise<CgroupUsage | undefined> {
  const folder = (controller: string) => {
    const found = hierarchies.find(({ controllers }) => controllers.includes(controller));
    return found === undefined ? undefined : join(found.path, path);
  };
  const [memory, cpu, quota] = [folder('memory'), folder('cpuacct'), folder('cpu')];
  if (memory === undefined || cpu === undefined) return undefined;
  const [usage, memoryStat, limit, swapLimit, nanoseconds, ticks, throttling, processes, createdAt] = await Promise.all(
    [
      numberIn(join(memory, 'memory.usage_in_bytes')),
      readFile(join(memory, 'memory.stat'), 'utf8'),
      numberIn(join(memory, 'memory.limit_in_bytes')),
      // Kernels that do not count swap have no such file.
      numberIn(join(memory, 'memory.memsw.limit_in_bytes')).catch(() => 0),
      numberIn(join(cpu, 'cpuacct.usage')),
      readFile(join(cpu, 'cpuacct.stat'), 'utf8'),
      quota === undefined ? '' : readFile(join(quota, 'cpu.stat'), 'utf8'),
      processesBelow(memory),
      madeAt(join(memory, 'cgroup.clone_children')),
    ],
  );
  return {
    timestamp,
    cpuUsageCoreNanoSeconds: nanoseconds,
    cpuUserNanoSeconds: statField(ticks, 'user') * nanosecondsPerTick,
    cpuSystemNanoSeconds: statField(ticks, 'system') * nanosecondsPerTick,
    throttling: {
      periods: statField(throttling, 'nr_periods'),
      throttledPeriods: statField(throttling, 'nr_throttled'),
      throttledNanoSeconds: statField(throttling, 'throttled_time'),
    },
    memoryCacheBytes: statField(memoryStat, 'total_cache'),
    memoryMappedBytes: statField(memoryStat, 'total_mapped_file'),
    memoryParts: memoryParts(memoryStat, 'total_', { dirty: 'dirty', writeback: 'writeback' }),
    ...memoryOfV1(usage, memoryStat),
    memoryLimitBytes: limitOf(limit),
    swapLimitBytes: limitOf(swapLimit),
    processes,
    createdAt,
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

async function usageV2(
  timestamp: number,
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): Promise<CgroupUsage | undefined> {
  const root = hierarchies.find(({ version }) => version === 2);
  if (root === undefined) return undefined;
  const folder = join(root.path, path);
  const [usage, memoryStat, cpu, limit, swap, swapLimit, pressure, processes, createdAt] = await Promise.all([
    numberIn(join(folder, 'memory.current')),
    readFile(join(folder, 'memory.stat'), 'utf8'),
    readFile(join(folder, 'cpu.stat'), 'utf8'),
    numberIn(join(folder, 'memory.max')),
    numberIn(join(folder, 'memory.swap.current')).catch(() => 0),
    numberIn(join(folder, 'memory.swap.max')).catch(() => 0),
    readPressures(folder),
    processesBelow(folder),
    madeAt(join(folder, 'cgroup.events')),
  ]);
  return {
    timestamp,
    cpuUsageCoreNanoSeconds: statField(cpu, 'usage_usec') * 1000,
    cpuUserNanoSeconds: statField(cpu, 'user_usec') * 1000,
    cpuSystemNanoSeconds: statField(cpu, 'system_usec') * 1000,
    throttling: {
      periods: statField(cpu, 'nr_periods'),
      throttledPeriods: statField(cpu, 'nr_throttled'),
      throttledNanoSeconds: statField(cpu, 'throttled_usec') * 1000,
    },
    memoryCacheBytes: statField(memoryStat, 'file'),
    memoryMappedBytes: statField(memoryStat, 'file_mapped'),
    memoryParts: memoryParts(memoryStat, '', { dirty: 'file_dirty', writeback: 'file_writeback' }),
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - statField(memoryStat, 'inactive_file')),
    memoryRssBytes: statField(memoryStat, 'anon'),
    memoryLimitBytes: limitOf(limit),
    swapUsageBytes: swap,
    swapLimitBytes: limitOf(swapLimit),
    pageFaults: statField(memoryStat, 'pgfault'),
    majorPageFaults: statField(memoryStat, 'pgmajfault'),
    pressure,
    processes,
    createdAt,
  };
}

/** A folder changes whenever a cgroup is made below it; this file of it does not. */
async function madeAt(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}

async function processesBelow(folder: string): Promise<number> {
  const [own, entries] = await Promise.all([
    readFile(join(folder, 'cgroup.procs'), 'utf8'),
    readdir(folder, { withFileTypes: true }),
  ]);
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => processesBelow(join(folder, name)));
  return (await Promise.all(below)).reduce((sum, each) => sum + each, pidsOf(own).length);
}

function pidsOf(text: string): readonly number[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
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

/** A line `NAME NUMBER` of a file such as memory.stat; 0 where there is none. */
export function statField(text: string, name: string): number {
  return knownField(text, name) ?? 0;
}

function knownField(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function limitOf(bytes: number): number | undefined {
  return bytes > unlimitedBytes ? undefined : bytes;
}

function hasMemory({ controllers }: CgroupHierarchy): boolean {
  return controllers.includes('memory');
}

/** A pod may end while it is looked at; v1 answers ENODEV then. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** `max` is infinite. */
export async function numberIn(path: string): Promise<number> {
  const text = (await readFile(path, 'utf8')).trim();
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}
