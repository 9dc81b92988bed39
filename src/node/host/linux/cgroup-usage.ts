import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupUsage } from '../host.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';

/** What a cgroup and all below it use; undefined where there is no such cgroup. */
export async function readCgroupUsage(
  hierarchies: readonly CgroupHierarchy[],
  path: string,
): Promise<CgroupUsage | undefined> {
  try {
    return await (cgroupVersion(hierarchies) === 1 ? usageV1(hierarchies, path) : usageV2(hierarchies, path));
  } catch (error) {
    // A pod may end while it is looked at; v1 answers ENODEV then.
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function usageV1(hierarchies: readonly CgroupHierarchy[], path: string): Promise<CgroupUsage | undefined> {
  const folder = (controller: string) => {
    const found = hierarchies.find(({ controllers }) => controllers.includes(controller));
    return found === undefined ? undefined : join(found.path, path);
  };
  const [memory, cpu] = [folder('memory'), folder('cpuacct')];
  if (memory === undefined || cpu === undefined) return undefined;
  const [usage, stat, nanoseconds, processes] = await Promise.all([
    numberIn(join(memory, 'memory.usage_in_bytes')),
    readFile(join(memory, 'memory.stat'), 'utf8'),
    numberIn(join(cpu, 'cpuacct.usage')),
    processesBelow(memory),
  ]);
  return {
    cpuUsageCoreNanoSeconds: nanoseconds,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - field(stat, 'total_inactive_file')),
    memoryRssBytes: field(stat, 'total_rss'),
    pageFaults: field(stat, 'total_pgfault'),
    majorPageFaults: field(stat, 'total_pgmajfault'),
    processes,
  };
}

async function usageV2(hierarchies: readonly CgroupHierarchy[], path: string): Promise<CgroupUsage | undefined> {
  const root = hierarchies.find(({ version }) => version === 2);
  if (root === undefined) return undefined;
  const folder = join(root.path, path);
  const [usage, stat, cpu, processes] = await Promise.all([
    numberIn(join(folder, 'memory.current')),
    readFile(join(folder, 'memory.stat'), 'utf8'),
    readFile(join(folder, 'cpu.stat'), 'utf8'),
    processesBelow(folder),
  ]);
  return {
    cpuUsageCoreNanoSeconds: field(cpu, 'usage_usec') * 1000,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - field(stat, 'inactive_file')),
    memoryRssBytes: field(stat, 'anon'),
    pageFaults: field(stat, 'pgfault'),
    majorPageFaults: field(stat, 'pgmajfault'),
    processes,
  };
}

async function processesBelow(folder: string): Promise<number> {
  const [own, entries] = await Promise.all([
    readFile(join(folder, 'cgroup.procs'), 'utf8'),
    readdir(folder, { withFileTypes: true }),
  ]);
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => processesBelow(join(folder, name)));
  const lines = own.split('\n').filter((line) => line !== '').length;
  return (await Promise.all(below)).reduce((sum, each) => sum + each, lines);
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

async function numberIn(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8'));
}
