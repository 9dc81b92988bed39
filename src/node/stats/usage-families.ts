import type { CgroupUsage, MemoryParts, ResourceUsage } from '../host/host.ts';
import { type MeasuredCgroup, timeOf, withLabel } from './measured-cgroup.ts';
import { counter, gauge, type MetricFamily, type MetricSample } from './metric-text.ts';

/** What cgroups use of cpu, memory and processes, and how long they waited for it. */
export function usageFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const each = (of: (cgroup: MeasuredCgroup) => number | undefined): readonly MetricSample[] =>
    cgroups.flatMap((cgroup) => {
      const value = of(cgroup);
      return value === undefined ? [] : [{ labels: cgroup.labels, value, ...timeOf(cgroup) }];
    });
  const counted = (of: (cgroup: CgroupUsage) => number | undefined) => each(({ cgroup }) => cgroup && of(cgroup));
  // Whoever has no quota is never held back.
  const held = (of: (throttling: CgroupUsage['throttling']) => number) =>
    each(({ cgroup, details }) => details?.cpuQuota && cgroup && of(cgroup.throttling));
  const pressure = (of: (waited: NonNullable<ResourceUsage['pressure']>) => number) =>
    each(({ usage }) => (usage.pressure === undefined ? undefined : of(usage.pressure) / 1e6));
  return [
    counter(
      'container_cpu_cfs_burst_periods_total',
      'Periods in which more was used than the quota, of what was saved before.',
      held(({ burstPeriods }) => burstPeriods),
    ),
    counter(
      'container_cpu_cfs_burst_seconds_total',
      'Cpu time that was used beyond the quota.',
      held(({ burstNanoSeconds }) => burstNanoSeconds / 1e9),
    ),
    counter(
      'container_cpu_cfs_periods_total',
      'Number of elapsed enforcement period intervals.',
      held(({ periods }) => periods),
    ),
    counter(
      'container_cpu_cfs_throttled_periods_total',
      'Number of throttled period intervals.',
      held(({ throttledPeriods }) => throttledPeriods),
    ),
    counter(
      'container_cpu_cfs_throttled_seconds_total',
      'Total time duration the container has been throttled.',
      held(({ throttledNanoSeconds }) => throttledNanoSeconds / 1e9),
    ),
    counter(
      'container_cpu_system_seconds_total',
      'Cumulative system cpu time consumed in seconds.',
      counted(({ cpuSystemNanoSeconds }) => cpuSystemNanoSeconds / 1e9),
    ),
    counter(
      'container_cpu_user_seconds_total',
      'Cumulative user cpu time consumed in seconds.',
      counted(({ cpuUserNanoSeconds }) => cpuUserNanoSeconds / 1e9),
    ),
    counter(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed in seconds.',
      cgroups.map((cgroup) => ({
        labels: withLabel(cgroup.labels, 'cpu', 'total'),
        value: cgroup.usage.cpuUsageCoreNanoSeconds / 1e9,
        ...timeOf(cgroup),
      })),
    ),
    gauge(
      'container_last_seen',
      'Last time a container was seen by the exporter',
      each(({ usage }) => Math.floor(usage.timestamp / 1000)),
    ),
    gauge(
      'container_memory_cache',
      'Number of bytes of page cache memory.',
      counted(({ memoryCacheBytes }) => memoryCacheBytes),
    ),
    gauge(
      'container_memory_mapped_file',
      'Size of memory mapped files in bytes.',
      counted(({ memoryMappedBytes }) => memoryMappedBytes),
    ),
    ...memoryFamilies(counted),
    counter('container_memory_failures_total', 'Cumulative count of memory allocation failures.', failures(cgroups)),
    gauge(
      'container_memory_rss',
      'Size of RSS in bytes.',
      each(({ usage }) => usage.memoryRssBytes),
    ),
    gauge(
      'container_memory_swap',
      'Container swap usage in bytes.',
      each(({ usage }) => usage.swapUsageBytes),
    ),
    gauge(
      'container_memory_usage_bytes',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      each(({ usage }) => usage.memoryUsageBytes),
    ),
    gauge(
      'container_memory_working_set_bytes',
      'Current working set in bytes.',
      each(({ usage }) => usage.memoryWorkingSetBytes),
    ),
    ...(['cpu', 'memory', 'io'] as const).flatMap((resource) => [
      counter(
        `container_pressure_${resource}_stalled_seconds_total`,
        `Time in which nothing could go on for want of ${resource}.`,
        pressure((waited) => waited[resource].full.total),
      ),
      counter(
        `container_pressure_${resource}_waiting_seconds_total`,
        `Time in which something waited for ${resource}.`,
        pressure((waited) => waited[resource].some.total),
      ),
    ]),
    gauge(
      'container_processes',
      'Number of processes running inside the container.',
      each(({ processes }) => processes),
    ),
  ];
}

type Counted = (of: (cgroup: CgroupUsage) => number | undefined) => readonly MetricSample[];

/** What the memory of a cgroup is made of, and what was done to get some back: only what the kernel counts. */
function memoryFamilies(counted: Counted): readonly MetricFamily[] {
  const part = (name: keyof MemoryParts) => counted(({ memoryParts }) => memoryParts[name]);
  return [
    gauge(
      'container_memory_total_active_file_bytes',
      'Bytes of files in memory that are in use.',
      part('activeFileBytes'),
    ),
    gauge(
      'container_memory_total_inactive_file_bytes',
      'Bytes of files in memory that were not used lately.',
      part('inactiveFileBytes'),
    ),
    gauge(
      'container_memory_file_dirty_bytes',
      'Bytes of files in memory that are not on the disk yet.',
      part('dirtyFileBytes'),
    ),
    gauge(
      'container_memory_file_writeback_bytes',
      'Bytes of files in memory that are being written to the disk.',
      part('writebackFileBytes'),
    ),
    gauge('container_memory_kernel_usage', 'Bytes that the kernel uses.', part('kernelBytes')),
    counter('container_memory_pgscan_total', 'Pages that were looked at to make room.', part('pagesScanned')),
    counter('container_memory_pgsteal_total', 'Pages that were taken to make room.', part('pagesStolen')),
    counter(
      'container_memory_workingset_refault_anon_total',
      'Pages without a file that were wanted again soon after they were taken.',
      part('refaultsAnonymous'),
    ),
    counter(
      'container_memory_workingset_refault_file_total',
      'Pages of files that were wanted again soon after they were taken.',
      part('refaultsFile'),
    ),
  ];
}

function failures(cgroups: readonly MeasuredCgroup[]): readonly MetricSample[] {
  const kinds = [
    ['pgfault', ({ pageFaults }: ResourceUsage) => pageFaults],
    ['pgmajfault', ({ majorPageFaults }: ResourceUsage) => majorPageFaults],
  ] as const;
  return cgroups.flatMap((cgroup) =>
    kinds.flatMap(([kind, of]) =>
      ['container', 'hierarchy'].map((scope) => ({
        labels: { ...withLabel(cgroup.labels, 'failure_type', kind), scope },
        value: of(cgroup.usage),
        ...timeOf(cgroup),
      })),
    ),
  );
}
