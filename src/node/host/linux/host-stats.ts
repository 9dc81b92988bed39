import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostStats } from '../host.ts';
import { ifThere, numberIn, statField, textIn } from './cgroup-files.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';
import { type MemoryUsage, memoryOfV1, nanosecondsPerTick } from './cgroup-usage.ts';
import { meminfoBytes } from './host-info.ts';
import { readPressures } from './pressure.ts';

/** What the machine uses now. Memory is counted as the kubelet counts it: what is in use without the inactive page cache. */
export async function readHostStats(
  now: number,
  dataDirectory: string,
  hierarchies: readonly CgroupHierarchy[],
): Promise<HostStats> {
  const [stat, meminfo, loadavg, disk] = await Promise.all([
    readFile('/proc/stat', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
    readFile('/proc/loadavg', 'utf8'),
    statfs(dataDirectory),
  ]);
  const memory = rootMemory(hierarchies, meminfo);
  return {
    timestamp: now,
    cpuUsageCoreNanoSeconds: cpuNanoseconds(stat),
    ...memory,
    memoryAvailableBytes: Math.max(0, meminfoBytes(meminfo, 'MemTotal') - memory.memoryWorkingSetBytes),
    swapLimitBytes: meminfoBytes(meminfo, 'SwapTotal'),
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskInodes: disk.files,
    diskInodesFree: disk.ffree,
    processes: Number(loadavg.split(' ')[3]?.split('/')[1] ?? 0),
  };
}

/** Time that all cpus spent on anything: user, nice, system, irq, softirq, steal; guests are in user already. */
export function cpuNanoseconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * nanosecondsPerTick;
}

/** The memory of the root cgroup. That of v2 has no figure of its own for what is in use: the machine's stands for it. */
function rootMemory(hierarchies: readonly CgroupHierarchy[], meminfo: string): MemoryUsage {
  const memory = hierarchies.find((each) => each.controllers.includes('memory'));
  if (cgroupVersion(hierarchies) === 1 && memory !== undefined) {
    const used = numberIn(join(memory.path, 'memory.usage_in_bytes'));
    return memoryOfV1(used, textIn(join(memory.path, 'memory.stat')));
  }
  const usage = meminfoBytes(meminfo, 'MemTotal') - meminfoBytes(meminfo, 'MemFree');
  const root = hierarchies.find(({ version }) => version === 2)?.path;
  const stat = root === undefined ? '' : (ifThere(() => textIn(join(root, 'memory.stat'))) ?? '');
  return {
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - meminfoBytes(meminfo, 'Inactive(file)')),
    memoryRssBytes: stat === '' ? meminfoBytes(meminfo, 'AnonPages') : statField(stat, 'anon'),
    swapUsageBytes: meminfoBytes(meminfo, 'SwapTotal') - meminfoBytes(meminfo, 'SwapFree'),
    pageFaults: statField(stat, 'pgfault'),
    majorPageFaults: statField(stat, 'pgmajfault'),
    pressure: root === undefined ? undefined : readPressures(root),
  };
}
