import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCgroupDetails } from './cgroup-details.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stuurman-details-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function lay(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const names = new Map([['254:0', '/dev/vda']]);

/** Taken from a machine with cgroups of v2. */
const v2 = {
  'web/cpu.weight': '39\n',
  'web/cpu.max': '20000 100000\n',
  'web/memory.min': '0\n',
  'web/memory.peak': '26435584\n',
  'web/memory.events': 'low 0\nhigh 3\nmax 17\noom 2\noom_kill 2\noom_group_kill 0\n',
  'web/memory.events.local': 'low 0\nhigh 3\nmax 17\noom 2\noom_kill 1\noom_group_kill 0\n',
  'web/pids.current': '5\n',
  'web/pids.max': 'max\n',
  'web/io.stat':
    '254:0 rbytes=1703936 wbytes=20971520 rios=31 wios=44 dbytes=0 dios=0\n7:1 rbytes=8 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n',
  'web/cgroup.procs': '100\n101\n',
};

test('v2: limits, what was met of them, and transfers by the name of the disk', () => {
  lay(v2);
  const hierarchies = [{ path: root, controllers: [], version: 2 as const }];
  expect(readCgroupDetails(hierarchies, '/web', names)).toEqual({
    cpuShares: 998,
    cpuQuota: 20_000,
    cpuPeriod: 100_000,
    memoryReservedBytes: undefined,
    memoryPeakBytes: 26_435_584,
    memoryLimitHits: 17,
    memoryHighHits: 3,
    oomKills: 1,
    threads: 5,
    threadsMax: undefined,
    transfers: [
      { device: '/dev/vda', readBytes: 1_703_936, writtenBytes: 20_971_520, reads: 31, writes: 44 },
      { device: '', readBytes: 8, writtenBytes: 0, reads: 1, writes: 0 },
    ],
    pids: [100, 101],
  });
  expect(readCgroupDetails(hierarchies, '/gone', names)).toBeUndefined();
});

test('v2: the root has few of the files, and no quota is none', () => {
  lay({ 'cgroup.procs': '1\n', 'web/cpu.max': 'max 100000\n', 'web/cgroup.procs': '' });
  const hierarchies = [{ path: root, controllers: [], version: 2 as const }];
  expect(readCgroupDetails(hierarchies, '/', names)).toMatchObject({
    cpuShares: 0,
    cpuQuota: undefined,
    cpuPeriod: 0,
    threads: undefined,
    oomKills: undefined,
    transfers: [],
    pids: [1],
  });
  expect(readCgroupDetails(hierarchies, '/web', names)).toMatchObject({ cpuQuota: undefined, cpuPeriod: 100_000 });
});

/** Taken from a machine with cgroups of v1, but for the transfers. */
const v1 = {
  'cpu/web/cpu.shares': '102\n',
  'cpu/web/cpu.cfs_quota_us': '20000\n',
  'cpu/web/cpu.cfs_period_us': '100000\n',
  'memory/web/memory.soft_limit_in_bytes': '9223372036854771712\n',
  'memory/web/memory.max_usage_in_bytes': '26435584\n',
  'memory/web/memory.failcnt': '17\n',
  'memory/web/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  'cpu/web/cgroup.procs': '100\n',
  'pids/web/pids.current': '5\n',
  'pids/web/pids.max': '1000\n',
  // Nothing was counted by this scheduler, which is not the one of the disk.
  'blkio/web/blkio.bfq.io_service_bytes_recursive': 'Total 0\n',
  'blkio/web/blkio.bfq.io_serviced_recursive': 'Total 0\n',
  'blkio/web/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 1703936\n254:0 Write 20971520\n254:0 Sync 0\n254:0 Async 22675456\n254:0 Total 22675456\nTotal 22675456\n',
  'blkio/web/blkio.throttle.io_serviced_recursive':
    '254:0 Read 31\n254:0 Write 44\n254:0 Sync 0\n254:0 Async 75\n254:0 Total 75\nTotal 75\n',
};

test('v1: the same of each hierarchy, as far as it is counted', () => {
  lay(v1);
  const hierarchies = ['cpu', 'memory', 'pids', 'blkio'].map((name) => ({
    path: join(root, name),
    controllers: [name],
    version: 1 as const,
  }));
  expect(readCgroupDetails(hierarchies, '/web', names)).toEqual({
    cpuShares: 102,
    cpuQuota: 20_000,
    cpuPeriod: 100_000,
    memoryReservedBytes: undefined,
    memoryPeakBytes: 26_435_584,
    memoryLimitHits: 17,
    memoryHighHits: undefined,
    oomKills: 1,
    threads: 5,
    threadsMax: 1000,
    transfers: [{ device: '/dev/vda', readBytes: 1_703_936, writtenBytes: 20_971_520, reads: 31, writes: 44 }],
    pids: [100],
  });
  expect(readCgroupDetails(hierarchies.slice(0, 2), '/web', names)).toMatchObject({
    threads: undefined,
    transfers: [],
  });
  expect(readCgroupDetails(hierarchies, '/gone', names)).toBeUndefined();
});
