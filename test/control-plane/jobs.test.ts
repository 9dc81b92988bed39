import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatTime } from '../../src/machinery/time.ts';
import type { JobSpec } from '../../src/resources/schema/batch-v1.generated.ts';
import { type Cluster, createCluster, cronJobs, events, jobs, namespaces, nodes, pods } from '../../src/testing.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

function spec(script: string, more: Partial<JobSpec> = {}): JobSpec {
  const containers = [{ name: 'main', image: 'app:1', command: ['sh', '-c', script] }];
  return { template: { spec: { restartPolicy: 'Never', containers } }, ...more };
}

const key = { namespace: 'default', name: 'work' };

async function statusOf(name: string) {
  return (await cluster.client.get(jobs, { namespace: 'default', name })).status ?? {};
}

async function outcomeOf(name: string): Promise<readonly string[]> {
  return ((await statusOf(name)).conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
}

describe('on two nodes', () => {
  beforeEach(async () => {
    cluster = await createCluster({ time: 'virtual', nodes: 2 });
    await cluster.advance('15s');
  });

  test('jobs run to their end, well or badly', async () => {
    const { client } = cluster;
    const indexed = { completionMode: 'Indexed', completions: 5, parallelism: 2 };
    await client.create(jobs, { metadata: { ...key, name: 'well' }, spec: spec('sleep 2', indexed) });
    await client.create(jobs, { metadata: { ...key, name: 'badly' }, spec: spec('exit 3', { backoffLimit: 1 }) });
    await cluster.advance('60s');
    expect(await statusOf('well')).toMatchObject({ succeeded: 5, completedIndexes: '0-4', ready: 0, terminating: 0 });
    expect(await outcomeOf('well')).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    expect(await statusOf('badly')).toMatchObject({ failed: 2 });
    expect(await outcomeOf('badly')).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    const left = (await client.list(pods, { namespace: 'default' })).items;
    expect(left).toHaveLength(7);
    expect(left.filter(({ metadata }) => metadata.finalizers !== undefined)).toEqual([]);
  });

  test('a job survives the loss of a node, which its failure policy does not hold against it', async () => {
    const { client } = cluster;
    const policy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] };
    const four = { completions: 4, parallelism: 4, backoffLimit: 0, podFailurePolicy: policy };
    await client.create(jobs, { metadata: key, spec: spec('sleep 600', four) });
    await cluster.advance('10s');
    const [victim = ''] = (await client.list(pods)).items.map((pod) => pod.spec?.nodeName ?? '');
    cluster.nodes.get(victim)?.cutOff();
    await cluster.advance('7m');
    // Deleted, and still where nobody can see: no other is started until it is certain that they have stopped.
    expect((await statusOf('work')).terminating).toBeGreaterThan(0);
    await client.delete(nodes, { name: victim });
    await cluster.advance('14m');
    expect(await statusOf('work')).toMatchObject({ succeeded: 4 });
    expect((await statusOf('work')).failed).toBeUndefined();
    expect(await outcomeOf('work')).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  });

  test.each(['Background', 'Foreground', 'Orphan'] as const)('deleted with %s no finalizer is left', async (policy) => {
    const { client } = cluster;
    await client.create(jobs, { metadata: key, spec: spec('sleep 1200', { parallelism: 2, completions: 2 }) });
    await cluster.advance('10s');
    await client.delete(jobs, key, { propagationPolicy: policy });
    await cluster.advance('60s');
    expect((await client.list(jobs)).items).toEqual([]);
    const left = (await client.list(pods, { namespace: 'default' })).items;
    expect(left).toHaveLength(policy === 'Orphan' ? 2 : 0);
    expect(left.flatMap(({ metadata }) => [metadata.finalizers, metadata.ownerReferences])).toEqual(
      left.flatMap(() => [undefined, undefined]),
    );
  });

  test('a namespace takes its jobs along', async () => {
    const { client } = cluster;
    await client.create(namespaces, { metadata: { name: 'shop' } });
    await cluster.advance('2s');
    await client.create(jobs, { metadata: { namespace: 'shop', name: 'work' }, spec: spec('sleep 1200') });
    const jobTemplate = { spec: spec('sleep 1200') };
    await client.create(cronJobs, {
      metadata: { namespace: 'shop', name: 'often' },
      spec: { schedule: '* * * * *', jobTemplate },
    });
    await cluster.advance('150s');
    await client.delete(namespaces, { name: 'shop' });
    await cluster.advance('90s');
    expect((await client.list(namespaces)).items.map(({ metadata }) => metadata.name)).not.toContain('shop');
  });
});

test('a CronJob is on time, hour by hour', async () => {
  cluster = await createCluster({ time: 'virtual', nodes: 0 });
  const { client, environment } = cluster;
  const jobTemplate = { spec: spec('true', { completions: 0, ttlSecondsAfterFinished: 2 * 3_600 }) };
  const started = environment.now();
  await client.create(cronJobs, {
    metadata: { namespace: 'default', name: 'hourly' },
    spec: { schedule: '0 * * * *', successfulJobsHistoryLimit: 30, jobTemplate },
  });
  await cluster.advance('6h');
  const { status } = await client.get(cronJobs, { namespace: 'default', name: 'hourly' });
  const hourMs = 3_600_000;
  const hours = Array.from({ length: 6 }, (_, hour) => (Math.floor(started / hourMs) + hour + 1) * hourMs);
  expect(status).toEqual({
    lastScheduleTime: formatTime(hours.at(-1) ?? 0),
    lastSuccessfulTime: formatTime(hours.at(-1) ?? 0),
  });
  // Those that are left have ended within the last two hours.
  expect((await client.list(jobs)).items.map(({ metadata }) => metadata.name)).toEqual(
    hours.slice(-2).map((ms) => `hourly-${ms / 60_000}`),
  );
  const told = (await client.list(events)).items.filter(({ reason }) => reason === 'SawCompletedJob');
  // Events live for an hour.
  expect(told.length).toBeGreaterThanOrEqual(1);
});
