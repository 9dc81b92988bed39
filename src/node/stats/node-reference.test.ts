import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { jsonShape } from '../../../test/reference/node/json-shape.ts';
import { metricFamilies } from '../../../test/reference/node/metric-families.ts';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import type { CgroupDetails, CgroupUsage, InterfaceUsage, MountedDisk } from '../host/host.ts';

type Recorded = Readonly<Record<string, readonly string[]>>;
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/reference/node/${name}`, import.meta.url), 'utf8'));
/** What a real kubelet told (`record-node.ts`), and what of it ours does not, with the reason. */
const recorded: Recorded = read('recorded.json');
const gaps: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = read('known-gaps.json');

const figures = { total: 1, avg10: 0, avg60: 0, avg300: 0 };
const pressure = { some: figures, full: figures };
const usage: Omit<CgroupUsage, 'timestamp'> = {
  cpuUsageCoreNanoSeconds: 1,
  cpuUserNanoSeconds: 1,
  cpuSystemNanoSeconds: 0,
  throttling: { periods: 1, throttledPeriods: 0, throttledNanoSeconds: 0, burstPeriods: 0, burstNanoSeconds: 0 },
  memoryCacheBytes: 1,
  memoryMappedBytes: 1,
  memoryParts: {
    activeFileBytes: 1,
    inactiveFileBytes: 0,
    dirtyFileBytes: 1,
    writebackFileBytes: 0,
    kernelBytes: 1,
    pagesScanned: 1,
    pagesStolen: 1,
    refaultsAnonymous: 1,
    refaultsFile: 1,
  },
  memoryUsageBytes: 1,
  memoryWorkingSetBytes: 1,
  memoryRssBytes: 1,
  memoryLimitBytes: 2,
  swapUsageBytes: 0,
  swapLimitBytes: 0,
  pageFaults: 1,
  majorPageFaults: 0,
  pressure: { cpu: pressure, memory: pressure, io: pressure },
  processes: 1,
  createdAt: 1,
};
const details: CgroupDetails = {
  cpuShares: 102,
  cpuQuota: 20_000,
  cpuPeriod: 100_000,
  memoryReservedBytes: undefined,
  memoryPeakBytes: 1,
  memoryLimitHits: 1,
  memoryHighHits: 1,
  oomKills: 1,
  threads: 1,
  threadsMax: undefined,
  transfers: [{ device: '/dev/sda', readBytes: 1, writtenBytes: 1, reads: 1, writes: 1 }],
  open: { files: 3, sockets: 1, limit: 1024 },
};
const disk: MountedDisk = {
  device: '/dev/sda1',
  capacityBytes: 2,
  availableBytes: 1,
  usedBytes: 1,
  inodes: 2,
  inodesFree: 1,
  activity: {
    reads: 1,
    readsMerged: 0,
    sectorsRead: 8,
    readMs: 1,
    writes: 1,
    writesMerged: 0,
    sectorsWritten: 8,
    writeMs: 1,
    inProgress: 0,
    busyMs: 2,
    weightedMs: 2,
  },
};
const traffic = { bytes: 1, packets: 1, errors: 0, dropped: 0 };
const interfaces: readonly InterfaceUsage[] = [{ name: 'eth0', received: traffic, sent: traffic }];

let world: NodeWorld;
beforeEach(async () => {
  const metrics = new PrometheusMetrics();
  world = await NodeWorld.start({ metrics, renderMetrics: () => metrics.text() });
  // A machine whose kernel counts everything.
  vi.spyOn(world.host, 'cgroupUsage').mockImplementation((async () => ({
    ...usage,
    timestamp: world.environment.now(),
  })) as never);
  vi.spyOn(world.host, 'cgroupDetails').mockImplementation(
    (async (paths: readonly string[]) => new Map(paths.map((path) => [path, details]))) as never,
  );
  vi.spyOn(world.host, 'disks').mockResolvedValue([disk]);
  vi.spyOn(world.host, 'networkUsage').mockResolvedValue(interfaces);
  world.host.setLoad({ pressure: usage.pressure });
  await world.createPod('web', {
    initContainers: [{ name: 'first', image: 'nginx:1', command: ['true'] }],
    containers: [
      {
        name: 'main',
        image: 'nginx:1',
        readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 },
        volumeMounts: [{ name: 'room', mountPath: '/room' }],
      },
    ],
    volumes: [{ name: 'room', emptyDir: {} }],
  });
  await world.advance(3);
  await world.get('/stats/summary');
  await world.advance(3);
});
afterEach(() => world.close());

test.each(Object.keys(recorded))('%s has what a kubelet tells, apart from the known gaps', async (path) => {
  const [status, text] = await world.get(path);
  expect(status).toBe(200);
  const ours = new Set(path.startsWith('/stats') ? jsonShape(JSON.parse(text)) : metricFamilies(text));
  const missing = (recorded[path] ?? []).filter((each) => !ours.has(each)).map((each) => each.split(' ')[0]);
  expect(missing).toEqual(
    Object.values(gaps[path] ?? {})
      .flat()
      .sort(),
  );
});

test('the metrics of an agent cost no look at all that its pods use: of their logs alone', async () => {
  const measured = vi.spyOn(world.runtime, 'listContainerStats');
  const walked = vi.spyOn(world.host.files, 'usage');
  const [, text] = await world.get('/metrics');
  expect(text).toMatch(
    /^kubelet_container_log_filesystem_used_bytes\{container="main",namespace="default",pod="web",.*\} \d+$/m,
  );
  expect(measured).not.toHaveBeenCalled();
  for (const [path] of walked.mock.calls) expect(path).toContain('/main/');
});
