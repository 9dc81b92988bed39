import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostStats } from '../host.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';
import { meminfoBytes } from './host-info.ts';

/** Linux tells user space of cpu time in hundredths of a second. */
const nanosecondsPerTick = 10_000_000;

/** What the machine uses now. Memory is counted as the kubelet counts it: what is in use without the inactive page cache. */
export async function readHostStats(
  now: number,
  dataDirectory: string,
  hierarchies: readonly CgroupHierarchy[],
): Promise<HostStats> {
  const [stat, meminfo, loadavg, disk, pidMax, threadsMax, inactive] = await Promise.all([
    readFile('/proc/stat', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
    readFile('/proc/loadavg', 'utf8'),
    statfs(dataDirectory),
    numberIn('/proc/sys/kernel/pid_max'),
    numberIn('/proc/sys/kernel/threads-max'),
    rootMemory(hierarchies),
  ]);
  const total = meminfoBytes(meminfo, 'MemTotal');
  const workingSet = inactive ?? total - meminfoBytes(meminfo, 'MemFree') - meminfoBytes(meminfo, 'Inactive(file)');
  return {
    timestamp: now,
    cpuUsageCoreNanoSeconds: cpuNanoseconds(stat),
    memoryWorkingSetBytes: Math.max(0, workingSet),
    memoryAvailableBytes: Math.max(0, total - workingSet),
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskInodes: disk.files,
    diskInodesFree: disk.ffree,
    processes: Number(loadavg.split(' ')[3]?.split('/')[1] ?? 0),
    processesMax: Math.min(pidMax, threadsMax),
  };
}

/** Time that all cpus spent on anything: user, nice, system, irq, softirq, steal; guests are in user already. */
export function cpuNanoseconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * nanosecondsPerTick;
}

/** The working set of the root memory cgroup of v1; v2 has none at its root. */
async function rootMemory(hierarchies: readonly CgroupHierarchy[]): Promise<number | undefined> {
  const memory = hierarchies.find((each) => each.controllers.includes('memory'));
  if (cgroupVersion(hierarchies) === 2 || memory === undefined) return undefined;
  const [usage, stat] = await Promise.all([
    numberIn(join(memory.path, 'memory.usage_in_bytes')),
    readFile(join(memory.path, 'memory.stat'), 'utf8'),
  ]);
  return usage - Number(/^total_inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
}

async function numberIn(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8'));
}
