import { expect, test } from 'vitest';
import { createCluster } from '../../cluster/create-cluster.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import { deployments, horizontalPodAutoscalers } from '../../resources/schema/resource-types.generated.ts';

test('looks at autoscalers are counted by what they did', async () => {
  const metrics = new PrometheusMetrics();
  await using cluster = await createCluster({ time: 'virtual', metrics });
  const key = { namespace: 'default', name: 'web' };
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:1' }] } };
  await cluster.client.create(deployments, {
    metadata: key,
    spec: { replicas: 5, selector: { matchLabels: labels }, template },
  });
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await cluster.client.create(horizontalPodAutoscalers, { metadata: key, spec: { scaleTargetRef, maxReplicas: 3 } });
  await cluster.advance('20s');
  const lines = (await metrics.text()).split('\n');
  const counted = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).sort();
  const prefix = 'horizontal_pod_autoscaler_controller';
  expect(counted(`${prefix}_reconciliations_total`)).toEqual([
    `${prefix}_reconciliations_total{action="none",error="internal"} 1`,
    `${prefix}_reconciliations_total{action="scale_down",error="none"} 1`,
  ]);
  expect(counted(`${prefix}_metric_computation_total`)).toEqual([
    `${prefix}_metric_computation_total{action="none",error="internal",metric_type="Resource"} 1`,
  ]);
  expect(counted(`${prefix}_reconciliation_duration_seconds_count`)).toHaveLength(2);
  expect(counted(`${prefix}_metric_computation_duration_seconds_count`)).toHaveLength(1);
});
