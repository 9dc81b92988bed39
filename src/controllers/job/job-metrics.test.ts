import { expect, test } from 'vitest';
import { createCluster } from '../../cluster/create-cluster.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import { jobs } from '../../resources/schema/resource-types.generated.ts';

test('jobs and their pods are counted as they end', async () => {
  const metrics = new PrometheusMetrics();
  await using cluster = await createCluster({ time: 'virtual', metrics });
  const create = (name: string, command: readonly string[]) =>
    cluster.client.create(jobs, {
      metadata: { namespace: 'default', name },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1', command }] } },
      },
    });
  await create('good', ['true']);
  await create('bad', ['false']);
  await cluster.advance('30s');
  const lines = (await metrics.text()).split('\n');
  const counted = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).sort();
  expect(counted('job_controller_jobs_finished_total')).toEqual([
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",result="failed",reason="BackoffLimitExceeded"} 1',
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1',
  ]);
  expect(counted('job_controller_job_pods_finished_total')).toEqual([
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 1',
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 1',
  ]);
  expect(lines).toContainEqual(expect.stringMatching(/^workqueue_adds_total\{name="job"\} [1-9]/));
});
