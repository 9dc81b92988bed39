import { expect, test } from 'vitest';
import type { CgroupDetails, CgroupUsage, HostInfo, MountedDisk } from '../host/host.ts';
import { cadvisorMetrics } from './cadvisor-metrics.ts';
import type { CgroupLabels, MeasuredCgroup } from './measured-cgroup.ts';

const info: HostInfo = {
  hostname: 'node',
  machineId: 'm',
  bootId: 'b',
  systemUuid: 's',
  kernelVersion: '6.1',
  osImage: 'Debian',
  architecture: 'amd64',
  cpus: 4,
  cores: 2,
  sockets: 1,
  memoryBytes: 8,
  diskBytes: 9,
  processesMax: 10,
  addresses: [],
  cgroupVersion: 2,
  bootedAt: 1000,
};
const usage: CgroupUsage = {
  timestamp: 5000,
  cpuUsageCoreNanoSeconds: 2e9,
  cpuUserNanoSeconds: 1e9,
  cpuSystemNanoSeconds: 1e9,
  throttling: { periods: 0, throttledPeriods: 0, throttledNanoSeconds: 0, burstPeriods: 0, burstNanoSeconds: 0 },
  memoryCacheBytes: 0,
  memoryMappedBytes: 0,
  memoryParts: {
    activeFileBytes: undefined,
    inactiveFileBytes: undefined,
    dirtyFileBytes: undefined,
    writebackFileBytes: undefined,
    kernelBytes: undefined,
    pagesScanned: undefined,
    pagesStolen: undefined,
    refaultsAnonymous: undefined,
    refaultsFile: undefined,
  },
  memoryUsageBytes: 0,
  memoryWorkingSetBytes: 0,
  memoryRssBytes: 0,
  memoryLimitBytes: undefined,
  swapUsageBytes: 0,
  swapLimitBytes: undefined,
  pageFaults: 0,
  majorPageFaults: 0,
  pressure: undefined,
  processes: 1,
  createdAt: 0,
};
const details: CgroupDetails = {
  cpuShares: 2,
  cpuQuota: undefined,
  cpuPeriod: 100_000,
  memoryReservedBytes: undefined,
  memoryPeakBytes: 7,
  memoryLimitHits: 3,
  memoryHighHits: undefined,
  oomKills: 1,
  threads: 5,
  threadsMax: undefined,
  transfers: [],
  open: { files: 12, sockets: 4, limit: Number.POSITIVE_INFINITY },
};
const disk: MountedDisk = {
  device: '/dev/vda',
  capacityBytes: 100,
  availableBytes: 20,
  usedBytes: 70,
  inodes: 10,
  inodesFree: 4,
  activity: {
    reads: 31,
    readsMerged: 1,
    sectorsRead: 62,
    readMs: 5_064_850,
    writes: 44,
    writesMerged: 2,
    sectorsWritten: 88,
    writeMs: 9,
    inProgress: 0,
    busyMs: 8,
    weightedMs: 7,
  },
};
const noLabels: CgroupLabels = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' };
const own = { cgroup: usage, usage, createdAt: 2500, startedAt: 3500 };
const machine: MeasuredCgroup = { labels: noLabels, ...own, cgroup: undefined };

/** The samples of a family, without labels that are empty, and without times. */
function samplesOf(text: string, family: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${family}{`))
    .map((line) =>
      line
        .slice(family.length)
        .replaceAll(/\w+="",?/g, '')
        .replace(/ 5000$/, ''),
    );
}

function metricsOf(more: Partial<CgroupDetails>): string {
  const all = { ...details, ...more };
  const container = { labels: { ...noLabels, id: '/pods/a', container: 'main' }, ...own, details: all };
  const cgroups = [{ ...machine, details: all }, container];
  return cadvisorMetrics({ info, swapBytes: 0, cgroups, disks: [disk] });
}

test('a container without a quota has neither a quota nor periods, and no limit is 0 or -1', () => {
  const text = metricsOf({});
  expect(samplesOf(text, 'container_spec_cpu_quota')).toEqual([]);
  expect(samplesOf(text, 'container_cpu_cfs_periods_total')).toEqual([]);
  expect(samplesOf(text, 'container_spec_cpu_period')).toContain('{container="main",id="/pods/a",} 100000');
  expect(samplesOf(text, 'container_spec_memory_reservation_limit_bytes')[1]).toMatch(/ 0$/);
  expect(samplesOf(text, 'container_threads_max')[1]).toMatch(/ 0$/);
  expect(samplesOf(text, 'container_ulimits_soft')[1]).toBe(
    '{container="main",id="/pods/a",ulimit="max_open_files"} -1',
  );
});

test('one that has a quota is told of by its periods from the beginning', () => {
  const text = metricsOf({ cpuQuota: 20_000 });
  expect(samplesOf(text, 'container_spec_cpu_quota')).toContain('{container="main",id="/pods/a",} 20000');
  expect(samplesOf(text, 'container_cpu_cfs_throttled_periods_total')).toContain('{container="main",id="/pods/a",} 0');
});

test('what cannot be counted is left out, be it files or kills', () => {
  const text = metricsOf({ open: undefined, oomKills: undefined });
  for (const family of ['file_descriptors', 'sockets', 'ulimits_soft', 'oom_events_total', 'memory_events_high_total'])
    expect(samplesOf(text, `container_${family}`)).toEqual([]);
  expect(samplesOf(text, 'container_memory_failcnt')).toHaveLength(2);
});

test('disks are those of the machine, transfers those of each cgroup, and no series is there twice', () => {
  const transfers = [
    { device: '/dev/vda', readBytes: 31, writtenBytes: 44, reads: 3, writes: 4 },
    { device: '/dev/vdb', readBytes: 1, writtenBytes: 1, reads: 1, writes: 1 },
  ];
  const text = metricsOf({ transfers });
  expect(samplesOf(text, 'container_fs_usage_bytes')).toEqual(['{device="/dev/vda",id="/",} 70']);
  expect(samplesOf(text, 'container_fs_reads_total')).toEqual([
    '{device="/dev/vda",id="/",} 31',
    '{device="/dev/vdb",id="/",} 1',
    '{container="main",device="/dev/vda",id="/pods/a",} 3',
    '{container="main",device="/dev/vdb",id="/pods/a",} 1',
  ]);
  expect(samplesOf(text, 'container_fs_writes_bytes_total')).toContain(
    '{container="main",device="/dev/vda",id="/pods/a",} 44',
  );
  // As a kubelet has it.
  expect(samplesOf(text, 'container_fs_read_seconds_total')).toEqual(['{device="/dev/vda",id="/",} 0.00506485']);
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const keys = series.map((line) => line.slice(0, line.lastIndexOf('}')));
  expect(new Set(keys).size).toBe(keys.length);
});

test('times and the machine', () => {
  const text = metricsOf({});
  expect(text).toContain(
    'container_creation_time_seconds{container="main",id="/pods/a",image="",name="",namespace="",pod=""} 2\n',
  );
  expect(text).toContain(
    'container_start_time_seconds{container="main",id="/pods/a",image="",name="",namespace="",pod=""} 3\n',
  );
  expect(text).toContain('machine_cpu_physical_cores{boot_id="b",machine_id="m",system_uuid="s"} 2\n');
  expect(text).toContain('machine_nvm_capacity{boot_id="b",machine_id="m",mode="memory_mode",system_uuid="s"} 0\n');
  expect(text).toContain(
    'cadvisor_version_info{cadvisorRevision="",cadvisorVersion="",dockerVersion="",kernelVersion="6.1",osVersion="Debian"} 1\n',
  );
});

test('what could not be measured is told by the errors alone', () => {
  expect(
    cadvisorMetrics(undefined)
      .split('\n')
      .filter((line) => !line.startsWith('#') && line !== ''),
  ).toEqual(['container_scrape_error 1', 'machine_scrape_error 1']);
});
