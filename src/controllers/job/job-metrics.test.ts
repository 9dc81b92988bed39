import { expect, test } from 'vitest';
import { createCluster } from '../../cluster/create-cluster.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import type { JobSpec, PodFailurePolicy } from '../../resources/schema/batch-v1.generated.ts';
import { cronJobs, jobs } from '../../resources/schema/resource-types.generated.ts';

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
  expect(counted('job_controller_job_pods_creation_total')).toEqual([
    'job_controller_job_pods_creation_total{reason="new",status="succeeded"} 2',
  ]);
  expect(counted('job_controller_terminated_pods_tracking_finalizer_total')).toEqual([
    'job_controller_terminated_pods_tracking_finalizer_total{event="add"} 2',
    'job_controller_terminated_pods_tracking_finalizer_total{event="delete"} 2',
  ]);
  const syncs = counted('job_controller_job_syncs_total').join('\n');
  for (const action of ['pods_created', 'tracking', 'reconciling'])
    expect(syncs).toContain(`{completion_mode="NonIndexed",result="success",action="${action}"}`);
  expect(counted('job_controller_job_sync_duration_seconds_count').length).toBeGreaterThan(2);
  expect(lines).toContainEqual(expect.stringMatching(/^workqueue_adds_total\{name="job"\} [1-9]/));
});

test('indexes, failure policies, deleted pods and jobs of others are counted', async () => {
  const metrics = new PrometheusMetrics();
  await using cluster = await createCluster({ time: 'virtual', metrics });
  const containers = (command: readonly string[]) => [{ name: 'main', image: 'app:1', command }];
  const job = (name: string, spec: Partial<JobSpec>, command = ['true']) =>
    cluster.client.create(jobs, {
      metadata: { namespace: 'default', name },
      spec: { template: { spec: { restartPolicy: 'Never', containers: containers(command) } }, ...spec },
    });
  await job('indexed', { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 0 });
  await job('other', { managedBy: 'example.com/queue' });
  const policy: PodFailurePolicy = {
    rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }],
  };
  await job('policy', { podFailurePolicy: policy }, ['false']);
  await job('long', { parallelism: 2 }, ['sleep', '1000']);
  await cluster.advance('30s');
  await cluster.client.patch(
    jobs,
    { namespace: 'default', name: 'long' },
    { type: 'merge', body: { spec: { suspend: true } } },
  );
  await cluster.advance('5s');
  expect((await metrics.text()).split('\n')).toEqual(
    expect.arrayContaining([
      'job_controller_job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 3',
      'job_controller_pod_failures_handled_by_failure_policy_total{action="FailJob"} 1',
      'job_controller_jobs_by_external_controller_total{controller_name="example.com/queue"} 1',
      expect.stringMatching(/^job_controller_job_syncs_total\{.*action="pods_deleted"\} [1-9]/),
    ]),
  );
});

test('a cron job tells how late its jobs are, and the end of one how late it was deleted', async () => {
  const metrics = new PrometheusMetrics();
  await using cluster = await createCluster({ time: 'virtual', metrics });
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1', command: ['true'] }] },
  };
  await cluster.client.create(cronJobs, {
    metadata: { namespace: 'default', name: 'often' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { ttlSecondsAfterFinished: 5, template } } },
  });
  await cluster.advance('90s');
  const text = await metrics.text();
  expect(text).toMatch(/^cronjob_controller_job_creation_skew_duration_seconds_count [12]$/m);
  expect(text).toMatch(/^cronjob_controller_job_creation_skew_duration_seconds_bucket\{le="1"\} [12]$/m);
  expect(text).toMatch(/^ttl_after_finished_controller_job_deletion_duration_seconds_count [12]$/m);
});
