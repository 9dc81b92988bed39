import type { HostStats } from '../host/host.ts';
import { labels, podUidOf } from '../pods/labels.ts';
import type { ContainerStats } from '../runtime/runtime.ts';

export interface ResourceMetricsInput {
  readonly host: HostStats;
  readonly containers: readonly ContainerStats[];
  /** When a running container was started, milliseconds since 1970. */
  startOf(containerId: string): number | undefined;
}

/** What `/metrics/resource` answers, in the text format of Prometheus: what metrics-server reads. */
export function resourceMetrics({ host, containers, startOf }: ResourceMetricsInput): string {
  const lines: string[] = [];
  const metric = (name: string, type: string, help: string, samples: readonly Sample[]) => {
    if (samples.length === 0) return;
    lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`);
    for (const { of, value, timestamp } of samples)
      lines.push(`${name}${of} ${value}${timestamp === undefined ? '' : ` ${timestamp}`}`);
  };
  const each = (amountOf: (stats: ContainerStats) => number): readonly Sample[] =>
    containers.map((stats) => ({ of: containerLabels(stats), value: amountOf(stats), timestamp: stats.timestamp }));
  const seconds = ({ cpuUsageCoreNanoSeconds }: ContainerStats) => cpuUsageCoreNanoSeconds / 1e9;
  const memory = ({ memoryWorkingSetBytes }: ContainerStats) => memoryWorkingSetBytes;
  metric(
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the container in core-seconds',
    each(seconds),
  );
  metric('container_memory_working_set_bytes', 'gauge', 'Current working set of the container in bytes', each(memory));
  const started = containers.flatMap((stats) => {
    const at = startOf(stats.containerId);
    return at === undefined ? [] : [{ of: containerLabels(stats), value: at / 1000, timestamp: undefined }];
  });
  metric('container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds', started);
  const { timestamp } = host;
  const cpuSeconds = host.cpuUsageCoreNanoSeconds / 1e9;
  metric('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
    { of: '', value: cpuSeconds, timestamp },
  ]);
  metric('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
    { of: '', value: host.memoryWorkingSetBytes, timestamp },
  ]);
  const pods = [...Map.groupBy(containers, podUidOf).values()];
  const perPod = (amountOf: (stats: ContainerStats) => number) => pods.flatMap((own) => podSample(own, amountOf));
  metric(
    'pod_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the pod in core-seconds',
    perPod(seconds),
  );
  metric('pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes', perPod(memory));
  metric('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [
    { of: '', value: 0, timestamp: undefined },
  ]);
  return `${lines.join('\n')}\n`;
}

interface Sample {
  /** Its labels in braces. */
  readonly of: string;
  readonly value: number;
  readonly timestamp: number | undefined;
}

function podSample(own: readonly ContainerStats[], amountOf: (stats: ContainerStats) => number): readonly Sample[] {
  const [first] = own;
  if (first === undefined) return [];
  const value = own.reduce((sum, stats) => sum + amountOf(stats), 0);
  return [{ of: `{${podLabels(first)}}`, value, timestamp: Math.max(...own.map(({ timestamp }) => timestamp)) }];
}

/** Names of pods and containers need no escaping. */
function containerLabels(stats: ContainerStats): string {
  return `{container="${stats.labels[labels.containerName] ?? ''}",${podLabels(stats)}}`;
}

function podLabels({ labels: own }: ContainerStats): string {
  return `namespace="${own[labels.podNamespace] ?? ''}",pod="${own[labels.podName] ?? ''}"`;
}
