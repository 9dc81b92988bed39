import type { CgroupUsage, HostInfo, InterfaceUsage, MemoryParts, ResourceUsage } from '../host/host.ts';
import { type MetricFamily, type MetricSample, metricText } from './metric-text.ts';

/** Something of which cgroups tell: the machine, all pods, a pod, its sandbox, a container. */
export interface MeasuredCgroup {
  readonly labels: CgroupLabels;
  readonly usage: ResourceUsage;
  /** Undefined where no cgroup tells more than that. */
  readonly cgroup?: CgroupUsage | undefined;
  /** Milliseconds since 1970; undefined: not known. */
  readonly startedAt: number | undefined;
  /** Of a container or sandbox. */
  readonly processes?: number | undefined;
  readonly interfaces?: readonly InterfaceUsage[] | undefined;
}

/** In the order in which they are written. What does not apply is empty: all series of a family have the same labels. */
export interface CgroupLabels {
  readonly container: string;
  /** The path of the cgroup. */
  readonly id: string;
  readonly image: string;
  /** The id of the container. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
}

export interface CadvisorInput {
  readonly info: HostInfo;
  readonly swapBytes: number;
  readonly cgroups: readonly MeasuredCgroup[];
}

/**
 * What `/metrics/cadvisor` answers, of what is measured: the names and labels by which dashboards and alerts know containers. Undefined: it
 * could not be measured.
 */
export function cadvisorMetrics(input: CadvisorInput | undefined): string {
  const cgroups = input?.cgroups ?? [];
  const machine = (value: (input: CadvisorInput) => number): readonly MetricSample[] => {
    if (input === undefined) return [];
    const { bootId, machineId, systemUuid } = input.info;
    return [{ labels: { boot_id: bootId, machine_id: machineId, system_uuid: systemUuid }, value: value(input) }];
  };
  const error = [{ labels: {}, value: input === undefined ? 1 : 0 }];
  return metricText([
    ...cgroupFamilies(cgroups),
    ...networkFamilies(cgroups),
    gauge('container_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', error),
    gauge(
      'machine_cpu_cores',
      'Number of logical CPU cores.',
      machine(({ info }) => info.cpus),
    ),
    gauge(
      'machine_memory_bytes',
      'Amount of memory installed on the machine.',
      machine(({ info }) => info.memoryBytes),
    ),
    gauge('machine_scrape_error', '1 if there was an error while getting machine metrics, 0 otherwise.', error),
    gauge(
      'machine_swap_bytes',
      'Amount of swap memory available on the machine.',
      machine(({ swapBytes }) => swapBytes),
    ),
  ]);
}

function cgroupFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const each = (of: (cgroup: MeasuredCgroup) => number | undefined, timed = true): readonly MetricSample[] =>
    cgroups.flatMap((cgroup) => {
      const value = of(cgroup);
      return value === undefined ? [] : [{ labels: { ...cgroup.labels }, value, ...(timed && timeOf(cgroup)) }];
    });
  const counted = (of: (cgroup: CgroupUsage) => number | undefined) => each(({ cgroup }) => cgroup && of(cgroup));
  // Whoever has no quota is never held back.
  const held = (of: (throttling: CgroupUsage['throttling']) => number) =>
    counted(({ throttling }) => (throttling.periods === 0 ? undefined : of(throttling)));
  const pressure = (of: (waited: NonNullable<ResourceUsage['pressure']>) => number) =>
    each(({ usage }) => (usage.pressure === undefined ? undefined : of(usage.pressure) / 1e6));
  return [
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
    gauge(
      'container_spec_memory_limit_bytes',
      'Memory limit for the container.',
      // None is told as 0.
      each(({ usage }) => usage.memoryLimitBytes ?? 0, false),
    ),
    gauge(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds.',
      each(({ startedAt }) => (startedAt === undefined ? undefined : Math.floor(startedAt / 1000)), false),
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

function networkFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const directions = [
    ['receive', 'received', 'receiving', 'received'],
    ['transmit', 'sent', 'transmitting', 'transmitted'],
  ] as const;
  return directions.flatMap(([name, direction, doing, done]) => {
    const family = (what: string, help: string, field: keyof InterfaceUsage['sent']) =>
      counter(
        `container_network_${name}_${what}_total`,
        help,
        cgroups.flatMap((cgroup) =>
          (cgroup.interfaces ?? []).map((each) => ({
            labels: withLabel(cgroup.labels, 'interface', each.name),
            value: each[direction][field],
            ...timeOf(cgroup),
          })),
        ),
      );
    return [
      family('bytes', `Cumulative count of bytes ${done}`, 'bytes'),
      family('errors', `Cumulative count of errors encountered while ${doing}`, 'errors'),
      family('packets_dropped', `Cumulative count of packets dropped while ${doing}`, 'dropped'),
      family('packets', `Cumulative count of packets ${done}`, 'packets'),
    ];
  });
}

/** Labels are written in the order of their names. */
function withLabel(labels: CgroupLabels, name: string, value: string): MetricSample['labels'] {
  return Object.fromEntries(Object.entries({ ...labels, [name]: value }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function timeOf({ usage }: MeasuredCgroup): { readonly timestamp: number } {
  return { timestamp: usage.timestamp };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help, samples };
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'gauge', help, samples };
}
