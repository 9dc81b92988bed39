import type { CgroupDetails, OpenFiles } from '../host/host.ts';
import { type MeasuredCgroup, timeOf, withLabel } from './measured-cgroup.ts';
import { counter, gauge, type MetricFamily, type MetricSample } from './metric-text.ts';

type Of<Subject> = (subject: Subject) => number | undefined;

/** What cgroups are allowed, and since when there are any: these are no measurements, and have no time. */
export function specFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const spec = (name: string, help: string, of: Of<MeasuredCgroup>) =>
    gauge(
      `container_${name}`,
      help,
      cgroups.flatMap((cgroup) => samples(cgroup, of(cgroup))),
    );
  const limit = (name: string, help: string, of: Of<CgroupDetails>) =>
    spec(`spec_${name}`, help, ({ details }) => details && of(details));
  // No limit is told as 0.
  return [
    spec('creation_time_seconds', 'When the container was made, in seconds since 1970.', ({ createdAt }) =>
      wholeSeconds(createdAt),
    ),
    limit('cpu_period', 'CPU period of the container.', ({ cpuPeriod }) => cpuPeriod),
    limit('cpu_quota', 'CPU quota of the container.', ({ cpuQuota }) => cpuQuota),
    limit('cpu_shares', 'CPU share of the container.', (each) => each.cpuShares),
    spec('spec_memory_limit_bytes', 'Memory limit for the container.', ({ usage }) => usage.memoryLimitBytes ?? 0),
    limit(
      'memory_reservation_limit_bytes',
      'Memory that is left to the container when it runs short.',
      ({ memoryReservedBytes }) => memoryReservedBytes ?? 0,
    ),
    spec(
      'spec_memory_swap_limit_bytes',
      'Swap limit for the container, with its memory where cgroups are of v1.',
      ({ usage }) => usage.swapLimitBytes ?? 0,
    ),
    spec('start_time_seconds', 'Start time of the container since unix epoch in seconds.', ({ startedAt }) =>
      wholeSeconds(startedAt),
    ),
  ];
}

/** What else is counted of cgroups: limits that were met, threads, open files. */
export function detailFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const each = (of: Of<CgroupDetails>) =>
    cgroups.flatMap((cgroup) => samples(cgroup, cgroup.details && of(cgroup.details), timeOf(cgroup)));
  const opened = (of: Of<OpenFiles>) => each(({ open }) => open && of(open));
  return [
    gauge(
      'container_file_descriptors',
      'Files that the processes of the container have open.',
      opened(({ files }) => files),
    ),
    gauge(
      'container_health_state',
      'The health of the container by a check of its own; -1: it has none.',
      cgroups.flatMap((cgroup) => samples(cgroup, -1, timeOf(cgroup))),
    ),
    counter(
      'container_memory_events_high_total',
      'How often the container was slowed down at memory.high.',
      each(({ memoryHighHits }) => memoryHighHits),
    ),
    counter(
      'container_memory_events_max_total',
      'How often the container met its memory limit.',
      each(({ memoryLimitHits }) => memoryLimitHits),
    ),
    counter(
      'container_memory_failcnt',
      'Number of memory usage hits limits',
      each(({ memoryLimitHits }) => memoryLimitHits),
    ),
    gauge(
      'container_memory_max_usage_bytes',
      'Maximum memory usage recorded in bytes',
      each(({ memoryPeakBytes }) => memoryPeakBytes),
    ),
    counter(
      'container_oom_events_total',
      'Processes of the container that were killed for want of memory.',
      each(({ oomKills }) => oomKills),
    ),
    gauge(
      'container_sockets',
      'Sockets that the processes of the container have open.',
      opened(({ sockets }) => sockets),
    ),
    gauge(
      'container_threads',
      'Number of threads running inside the container',
      each(({ threads }) => threads),
    ),
    gauge(
      'container_threads_max',
      'Threads that the container may have; 0: as many as it likes.',
      each(({ threadsMax }) => threadsMax ?? 0),
    ),
    gauge('container_ulimits_soft', 'Soft limits of the first process; -1: none.', limits(cgroups)),
  ];
}

function limits(cgroups: readonly MeasuredCgroup[]): readonly MetricSample[] {
  return cgroups.flatMap((cgroup) => {
    const limit = cgroup.details?.open?.limit;
    if (limit === undefined) return [];
    const labels = withLabel(cgroup.labels, 'ulimit', 'max_open_files');
    return [{ labels, value: Number.isFinite(limit) ? limit : -1, ...timeOf(cgroup) }];
  });
}

function samples({ labels }: MeasuredCgroup, value: number | undefined, time: object = {}): readonly MetricSample[] {
  return value === undefined ? [] : [{ labels, value, ...time }];
}

function wholeSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}
