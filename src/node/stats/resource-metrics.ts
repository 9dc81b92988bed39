import type { ResourceUsage } from '../host/host.ts';
import type { MeasuredContainer, MeasuredPod } from './measure-pods.ts';
import { type MetricFamily, type MetricSample, metricText } from './metric-text.ts';
import type { NodeUsage } from './stats-provider.ts';

/** What `/metrics/resource` answers: what metrics-server reads. `usage` undefined: it could not be measured. */
export function resourceMetrics(usage: NodeUsage | undefined): string {
  const error = gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
    { labels: {}, value: usage === undefined ? 1 : 0 },
  ]);
  return metricText(usage === undefined ? [error] : [...containers(usage), ...node(usage), ...pods(usage), error]);
}

function containers({ pods: measured }: NodeUsage): readonly MetricFamily[] {
  const all = measured.flatMap(({ pod, containers: own }) =>
    own.map((each) => ({ ...each, labels: { container: each.status.metadata.name, ...podLabels(pod) } })),
  );
  const samples = (of: (usage: ResourceUsage) => number | undefined) =>
    all.flatMap(({ usage, labels }) => sample(labels, of(usage), usage.timestamp));
  return [
    counter(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the container in core-seconds',
      samples(cpuSeconds),
    ),
    gauge(
      'container_memory_working_set_bytes',
      'Current working set of the container in bytes',
      samples(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    ),
    gauge(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds',
      all.map(({ status, labels }) => ({ labels, value: startSeconds(status) })),
    ),
    gauge(
      'container_swap_limit_bytes',
      'Current amount of the container swap limit in bytes. Reported only on non-windows systems',
      samples(({ swapLimitBytes }) => swapLimitBytes),
      'ALPHA',
    ),
    gauge(
      'container_swap_usage_bytes',
      'Current amount of the container swap usage in bytes. Reported only on non-windows systems',
      samples(({ swapUsageBytes }) => swapUsageBytes),
      'ALPHA',
    ),
  ];
}

function node({ stats }: NodeUsage): readonly MetricFamily[] {
  const { timestamp, memoryWorkingSetBytes, swapUsageBytes, cpuUsageCoreNanoSeconds } = stats;
  const one = (value: number) => sample({}, value, timestamp);
  return [
    counter(
      'node_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the node in core-seconds',
      one(cpuUsageCoreNanoSeconds / 1e9),
    ),
    gauge('node_memory_working_set_bytes', 'Current working set of the node in bytes', one(memoryWorkingSetBytes)),
    gauge(
      'node_swap_usage_bytes',
      'Current swap usage of the node in bytes. Reported only on non-windows systems',
      one(swapUsageBytes),
      'ALPHA',
    ),
  ];
}

function pods({ pods: measured }: NodeUsage): readonly MetricFamily[] {
  const samples = (of: (usage: ResourceUsage) => number) =>
    measured.flatMap(({ pod, usage }) => sample(podLabels(pod), of(usage), usage.timestamp));
  return [
    counter(
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      samples(cpuSeconds),
    ),
    gauge(
      'pod_memory_working_set_bytes',
      'Current working set of the pod in bytes',
      samples(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    ),
    gauge(
      'pod_swap_usage_bytes',
      'Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
      samples(({ swapUsageBytes }) => swapUsageBytes),
      'ALPHA',
    ),
  ];
}

function cpuSeconds({ cpuUsageCoreNanoSeconds }: ResourceUsage): number {
  return cpuUsageCoreNanoSeconds / 1e9;
}

function startSeconds({ createdAt }: MeasuredContainer['status']): number {
  return createdAt / 1000;
}

function podLabels({ metadata }: MeasuredPod['pod']) {
  return { namespace: metadata.namespace ?? '', pod: metadata.name ?? '' };
}

function sample(labels: MetricSample['labels'], value: number | undefined, timestamp: number): readonly MetricSample[] {
  return value === undefined ? [] : [{ labels, value, timestamp }];
}

type Stability = 'STABLE' | 'ALPHA';

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help: `[STABLE] ${help}`, samples };
}

function gauge(
  name: string,
  help: string,
  samples: readonly MetricSample[],
  stability: Stability = 'STABLE',
): MetricFamily {
  return { name, type: 'gauge', help: `[${stability}] ${help}`, samples };
}
