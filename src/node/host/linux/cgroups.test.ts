import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import type { Ledger } from '../host.ts';
import { cgroupHierarchies, cgroupVersion } from './cgroup-hierarchies.ts';
import { cpuWeight } from './cgroup-settings.ts';
import { Cgroups } from './cgroups.ts';
import { parseMounts } from './mount-table.ts';

const hybrid = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;
const unified = `29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`;
const unifiedWithSystemd = `${unified}30 23 0:27 / /run/cgroup1 rw - cgroup cgroup rw,name=systemd
`;

test.each([
  ['hybrid', hybrid, 1, [['cpu', 'cpuacct'], ['cpuset'], ['name=systemd'], []]],
  ['v2 alone', unified, 2, [[]]],
  ['v2 beside a named hierarchy', unifiedWithSystemd, 2, [[], ['name=systemd']]],
])('finds the hierarchies of %s', (_, mountinfo, version, controllers) => {
  const hierarchies = cgroupHierarchies(parseMounts(mountinfo));
  expect(cgroupVersion(hierarchies)).toBe(version);
  expect(hierarchies.map((each) => each.controllers)).toEqual(controllers);
});

test.each([
  [2, 1],
  [1024, 39],
  [102_400, 3906],
  [262_144, 10_000],
  [1_000_000, 10_000],
  [1, 1],
])('%d shares are a weight of %d', (shares, weight) => {
  expect(cpuWeight(shares)).toBe(weight);
});

describe('Cgroups', () => {
  let root: string;
  const entries: string[] = [];
  const ledger: Ledger = {
    entries: async () => [],
    add: async (entry) => void entries.push(`+${JSON.stringify(entry)}`),
    remove: async (entry) => void entries.push(`-${JSON.stringify(entry)}`),
  };
  const limits = { cpuShares: 1024, cpuQuota: 50_000, cpuPeriod: 100_000, memoryBytes: 1 << 28, pids: 100 };
  const none = { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0, memoryBytes: 0, pids: 0 };
  const text = (path: string) => readFileSync(join(root, path), 'utf8');
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-cgroups-'));
    entries.length = 0;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('v2: hands the controllers down to the parent, and writes the limits', async () => {
    // A file tree as a v2 machine shows it; the kernel would make the files of a new cgroup, here the writes do.
    writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
    writeFileSync(join(root, 'cgroup.subtree_control'), 'memory pids\n');
    const cgroups = new Cgroups(new RealEnvironment(), ledger, [{ path: root, controllers: [], version: 2 }]);
    await cgroups.ensure('/stuurman-1/burstable/pod7', limits);
    expect(text('cgroup.subtree_control')).toBe('+cpuset +cpu +io');
    expect(text('stuurman-1/cgroup.subtree_control')).toBe('+cpuset +cpu +io +memory +pids');
    expect(text('stuurman-1/burstable/cgroup.subtree_control')).toBe('+cpuset +cpu +io +memory +pids');
    const pod = 'stuurman-1/burstable/pod7';
    expect([
      text(`${pod}/cpu.weight`),
      text(`${pod}/cpu.max`),
      text(`${pod}/memory.max`),
      text(`${pod}/pids.max`),
    ]).toEqual(['39', '50000 100000', '268435456', '100']);
    await cgroups.ensure('/stuurman-1/burstable/pod7', none);
    expect([text(`${pod}/cpu.max`), text(`${pod}/memory.max`), text(`${pod}/pids.max`)]).toEqual([
      'max 100000',
      'max',
      'max',
    ]);
    expect(entries.slice(0, 3)).toEqual([
      '+{"type":"cgroup","path":"/stuurman-1"}',
      '+{"type":"cgroup","path":"/stuurman-1/burstable"}',
      '+{"type":"cgroup","path":"/stuurman-1/burstable/pod7"}',
    ]);
    await cgroups.ensure('/stuurman-1/burstable/pod8', none);
    expect(entries.at(-1)).toBe('+{"type":"cgroup","path":"/stuurman-1/burstable/pod8"}');
    expect(entries.filter((entry) => entry.includes('"/stuurman-1/burstable"'))).toHaveLength(1);
  });

  test('v1: writes each limit in its hierarchy, and passes the cpuset down', async () => {
    for (const name of ['cpu', 'cpuset', 'memory', 'pids', 'systemd', 'unified']) mkdirSync(join(root, name));
    writeFileSync(join(root, 'cpuset/cpuset.cpus'), '0-1\n');
    writeFileSync(join(root, 'cpuset/cpuset.mems'), '0\n');
    const cgroups = new Cgroups(new RealEnvironment(), ledger, [
      ...['cpu', 'cpuset', 'memory', 'pids'].map((name) => ({
        path: join(root, name),
        controllers: [name],
        version: 1 as const,
      })),
      { path: join(root, 'systemd'), controllers: ['name=systemd'], version: 1 },
      { path: join(root, 'unified'), controllers: [], version: 2 },
    ]);
    await cgroups.ensure('/s/pod', limits);
    expect([
      text('cpu/s/pod/cpu.shares'),
      text('cpu/s/pod/cpu.cfs_quota_us'),
      text('cpu/s/pod/cpu.cfs_period_us'),
    ]).toEqual(['1024', '50000', '100000']);
    expect(text('memory/s/pod/memory.limit_in_bytes')).toBe('268435456');
    expect(text('pids/s/pod/pids.max')).toBe('100');
    expect(text('cpuset/s/pod/cpuset.cpus')).toBe('0-1\n');
    await cgroups.ensure('/s/pod', none);
    expect(text('cpu/s/pod/cpu.cfs_quota_us')).toBe('-1');
    expect(text('memory/s/pod/memory.limit_in_bytes')).toBe('-1');
    expect(text('pids/s/pod/pids.max')).toBe('max');
  });

  test('removes what is there, and nothing is wrong when it is gone', async () => {
    mkdirSync(join(root, 's/pod/container'), { recursive: true });
    const cgroups = new Cgroups(new RealEnvironment(), ledger, [{ path: root, controllers: ['cpu'], version: 1 }]);
    await cgroups.remove('/s/pod');
    await cgroups.remove('/s/pod');
    expect(() => text('s/pod/container')).toThrow('ENOENT');
    expect(entries.at(-1)).toBe('-{"type":"cgroup","path":"/s/pod"}');
  });

  test.each(['/', '', 'relative', '/a/../b', '/a//b', '/a/'])('refuses the path %j', async (path) => {
    const cgroups = new Cgroups(new RealEnvironment(), ledger, []);
    await expect(cgroups.remove(path)).rejects.toThrow('is not the path of a cgroup');
    await expect(cgroups.ensure(path, none)).rejects.toThrow('is not the path of a cgroup');
  });
});
