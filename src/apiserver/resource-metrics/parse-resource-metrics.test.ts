import { expect, test } from 'vitest';
import { parseResourceMetrics } from './parse-resource-metrics.ts';

/** As a real kubelet answers. */
const answer = `# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 0.010980592 1795835169139
container_cpu_usage_seconds_total{container="half",namespace="default",pod="lame"} 1 1795835169139
container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 249856 1795835169150
container_start_time_seconds{container="main",namespace="default",pod="web"} 1.7958350987217915e+09
container_swap_usage_bytes{container="main",namespace="default",pod="web"} 0 1795835169140
node_cpu_usage_seconds_total 3057.49189598 1795835167578
node_memory_working_set_bytes 3.274211328e+09
pod_cpu_usage_seconds_total{namespace="default",pod="web"} 0.034267508 1795835147896
resource_scrape_error 0
`;

test('reads what a node and its containers have used, and when', () => {
  const { node, pods } = parseResourceMetrics(answer, 7);
  expect(node).toEqual({
    timestamp: 1795835167578,
    cpuSeconds: 3057.49189598,
    memoryBytes: 3_274_211_328,
    swapBytes: undefined,
  });
  expect([...(pods.get('default/web') ?? [])]).toEqual([
    [
      'main',
      {
        timestamp: 1795835169139,
        cpuSeconds: 0.010980592,
        memoryBytes: 249_856,
        swapBytes: 0,
        startedAt: 1795835098721.7915,
      },
    ],
  ]);
});

test('leaves out whatever is not known as a whole', () => {
  expect([...parseResourceMetrics(answer, 7).pods.keys()]).toEqual(['default/web']);
  expect(parseResourceMetrics('resource_scrape_error 1\n<html>', 7)).toEqual({ node: undefined, pods: new Map() });
  expect(parseResourceMetrics('node_cpu_usage_seconds_total NaN\nnode_memory_working_set_bytes 1\n', 7).node).toBe(
    undefined,
  );
});

test('what has no time is of now', () => {
  expect(
    parseResourceMetrics('node_cpu_usage_seconds_total 1\nnode_memory_working_set_bytes 2\n', 7).node?.timestamp,
  ).toBe(7);
});
