import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCgroupProcesses, readCgroupUsage } from './cgroup-usage.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stuurman-usage-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function lay(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Taken from a machine with cgroups of v2. */
const v2 = {
  'pod7/memory.current': '9240576\n',
  'pod7/memory.stat':
    'anon 1232896\nfile 6656000\ninactive_file 5853184\nactive_file 802816\nfile_dirty 4096\nfile_writeback 0\nkernel 536576\npgsteal 31\nworkingset_refault_file 7\npgfault 1820\npgmajfault 12\n',
  'pod7/memory.max': '33554432\n',
  'pod7/memory.swap.current': '4096\n',
  'pod7/memory.swap.max': 'max\n',
  'pod7/cpu.stat':
    'usage_usec 81234\nuser_usec 60000\nsystem_usec 21234\nnr_periods 40\nnr_throttled 4\nthrottled_usec 5000\nnr_bursts 2\nburst_usec 1000\n',
  'pod7/cpu.pressure':
    'some avg10=1.50 avg60=0.25 avg300=0.00 total=98765\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=43210\n',
  'pod7/memory.pressure':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  'pod7/io.pressure':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n',
  'pod7/cgroup.procs': '',
  'pod7/cgroup.events': 'populated 1\nfrozen 0\n',
  'pod7/abc/cgroup.procs': '100\n101\n',
  'pod7/def/cgroup.procs': '102\n',
};

test('v2: what a pod uses, its limits, and what it waited for', async () => {
  lay(v2);
  const nothing = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
  const hierarchies = [{ path: root, controllers: [], version: 2 as const }];
  expect(readCgroupUsage(5, hierarchies, '/pod7')).toEqual({
    timestamp: 5,
    cpuUsageCoreNanoSeconds: 81_234_000,
    cpuUserNanoSeconds: 60_000_000,
    cpuSystemNanoSeconds: 21_234_000,
    throttling: {
      periods: 40,
      throttledPeriods: 4,
      throttledNanoSeconds: 5_000_000,
      burstPeriods: 2,
      burstNanoSeconds: 1_000_000,
    },
    memoryCacheBytes: 6_656_000,
    memoryMappedBytes: 0,
    memoryParts: {
      activeFileBytes: 802_816,
      inactiveFileBytes: 5_853_184,
      dirtyFileBytes: 4096,
      writebackFileBytes: 0,
      kernelBytes: 536_576,
      pagesScanned: undefined,
      pagesStolen: 31,
      refaultsAnonymous: undefined,
      refaultsFile: 7,
    },
    memoryUsageBytes: 9_240_576,
    memoryWorkingSetBytes: 3_387_392,
    memoryRssBytes: 1_232_896,
    memoryLimitBytes: 33_554_432,
    swapUsageBytes: 4096,
    swapLimitBytes: undefined,
    pageFaults: 1820,
    majorPageFaults: 12,
    pressure: {
      cpu: { some: { total: 98_765, avg10: 1.5, avg60: 0.25, avg300: 0 }, full: { ...nothing, total: 43_210 } },
      memory: { some: nothing, full: nothing },
      io: { some: { ...nothing, total: 7 }, full: { ...nothing, total: 5 } },
    },
    processes: 3,
    createdAt: expect.any(Number),
  });
  expect(readCgroupProcesses(hierarchies, '/pod7/abc')).toEqual([100, 101]);
  expect(readCgroupUsage(5, hierarchies, '/gone')).toBeUndefined();
});

test('v1: each figure from its hierarchy, what is below counted in, and no limit where the kernel has none', async () => {
  lay({
    'memory/pod7/memory.usage_in_bytes': '9240576\n',
    'memory/pod7/memory.stat':
      'rss 1\npgfault 2\ntotal_rss 1232896\ntotal_inactive_file 5853184\ntotal_swap 8192\ntotal_pgfault 1820\ntotal_pgmajfault 12\n',
    'memory/pod7/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/pod7/memory.memsw.limit_in_bytes': '33554432\n',
    'memory/pod7/cgroup.procs': '100\n',
    'memory/pod7/cgroup.clone_children': '0\n',
    'cpuacct/pod7/cpuacct.usage': '81234000\n',
    'cpuacct/pod7/cpuacct.stat': 'user 6\nsystem 2\n',
    'cpu/pod7/cpu.stat': 'nr_periods 40\nnr_throttled 4\nthrottled_time 5000000\nnr_bursts 2\nburst_time 1000000\n',
  });
  const hierarchies = ['memory', 'cpuacct', 'cpu'].map((name) => ({
    path: join(root, name),
    controllers: [name],
    version: 1 as const,
  }));
  expect(readCgroupUsage(5, hierarchies, '/pod7')).toMatchObject({
    cpuUsageCoreNanoSeconds: 81_234_000,
    cpuUserNanoSeconds: 60_000_000,
    cpuSystemNanoSeconds: 20_000_000,
    throttling: {
      periods: 40,
      throttledPeriods: 4,
      throttledNanoSeconds: 5_000_000,
      burstPeriods: 2,
      burstNanoSeconds: 1_000_000,
    },
    memoryWorkingSetBytes: 3_387_392,
    memoryRssBytes: 1_232_896,
    memoryLimitBytes: undefined,
    swapUsageBytes: 8192,
    swapLimitBytes: 33_554_432,
    pageFaults: 1820,
    pressure: undefined,
    processes: 1,
  });
  expect(readCgroupProcesses(hierarchies, '/pod7')).toEqual([100]);
});
