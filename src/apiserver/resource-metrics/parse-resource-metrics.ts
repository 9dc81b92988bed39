import type { ContainerPoint, NodeSample, UsagePoint } from './usage-point.ts';

type Partly<T> = { -readonly [K in keyof T]?: T[K] };

const names: Readonly<Record<string, { readonly of: 'node' | 'container'; readonly field: keyof ContainerPoint }>> = {
  node_cpu_usage_seconds_total: { of: 'node', field: 'cpuSeconds' },
  node_memory_working_set_bytes: { of: 'node', field: 'memoryBytes' },
  node_swap_usage_bytes: { of: 'node', field: 'swapBytes' },
  container_cpu_usage_seconds_total: { of: 'container', field: 'cpuSeconds' },
  container_memory_working_set_bytes: { of: 'container', field: 'memoryBytes' },
  container_swap_usage_bytes: { of: 'container', field: 'swapBytes' },
  container_start_time_seconds: { of: 'container', field: 'startedAt' },
};

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
/** Names of pods and containers need no escaping. */
const labelPatterns = ['namespace', 'pod', 'container'].map((name) => new RegExp(`(?:^|,)\\s*${name}="([^"\\\\]*)"`));

/**
 * Reads what a node's agent answers on `/metrics/resource`; lines of other metrics mean nothing. `now` stands where a sample has no
 * time of its own. A node or pod of which cpu or memory is missing is left out.
 */
export function parseResourceMetrics(text: string, now: number): NodeSample {
  const node: Partly<ContainerPoint> = {};
  const pods = new Map<string, Map<string, Partly<ContainerPoint>>>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', number = '', time] = sampleLine.exec(line) ?? [];
    const meaning = names[name];
    const value = Number(number);
    if (meaning === undefined || !Number.isFinite(value)) continue;
    const point = meaning.of === 'node' ? node : containerPoint(pods, labels);
    if (point === undefined) continue;
    if (meaning.field === 'startedAt') {
      point.startedAt = value * 1000;
      continue;
    }
    point[meaning.field] = value;
    // Rates are of cpu: its time is the one that counts.
    if (meaning.field === 'cpuSeconds' || point.timestamp === undefined)
      point.timestamp = time === undefined ? now : Number(time);
  }
  return { node: wholePoint(node), pods: wholePods(pods) };
}

function containerPoint(
  pods: Map<string, Map<string, Partly<ContainerPoint>>>,
  labels: string,
): Partly<ContainerPoint> | undefined {
  const [namespace, pod, container] = labelPatterns.map((pattern) => pattern.exec(labels)?.[1]);
  if (namespace === undefined || pod === undefined || container === undefined) return undefined;
  const key = `${namespace}/${pod}`;
  const points = pods.get(key) ?? new Map<string, Partly<ContainerPoint>>();
  const point = points.get(container) ?? {};
  pods.set(key, points.set(container, point));
  return point;
}

function wholePods(
  pods: ReadonlyMap<string, ReadonlyMap<string, Partly<ContainerPoint>>>,
): ReadonlyMap<string, ReadonlyMap<string, ContainerPoint>> {
  const whole = new Map<string, ReadonlyMap<string, ContainerPoint>>();
  for (const [key, containers] of pods) {
    const points = new Map<string, ContainerPoint>();
    for (const [name, partly] of containers) {
      const point = wholePoint(partly);
      if (point !== undefined) points.set(name, { ...point, startedAt: partly.startedAt ?? 0 });
    }
    if (points.size === containers.size) whole.set(key, points);
  }
  return whole;
}

function wholePoint({ timestamp, cpuSeconds, memoryBytes, swapBytes }: Partly<UsagePoint>): UsagePoint | undefined {
  if (timestamp === undefined || cpuSeconds === undefined || memoryBytes === undefined) return undefined;
  return { timestamp, cpuSeconds, memoryBytes, swapBytes };
}
