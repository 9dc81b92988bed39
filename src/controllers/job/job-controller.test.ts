import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeConditions, failedFor, JobWorld, jobKey, limitReached } from '../../../test/support/job-world.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Job } from '../../resources/schema/batch-v1.generated.ts';
import { jobs, pods } from '../../resources/schema/resource-types.generated.ts';
import { trackingFinalizer } from './job-pods.ts';

let job: JobWorld;
beforeEach(async () => {
  job = await JobWorld.make();
});
afterEach(() => job.world.stop());

function lines(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replace(/(pod: work(?:-\d+)?-)[a-z0-9]{5}/, '$1*'));
}

test('runs a pod to its end, counts it, and is complete', async () => {
  const created = await job.create();
  const [pod, ...others] = await job.world.list(pods);
  expect(others).toEqual([]);
  expect(pod?.metadata).toMatchObject({
    name: expect.stringMatching(/^work-[a-z0-9]{5}$/),
    labels: { 'batch.kubernetes.io/job-name': 'work', 'controller-uid': created.metadata.uid },
    finalizers: [trackingFinalizer],
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: created.metadata.uid }],
  });
  const startTime = formatTime(job.world.environment.now());
  expect(await job.status()).toEqual({ startTime, active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
  if (pod !== undefined) await job.world.setReady(pod, true);
  await job.world.advance(2_000);
  expect(await job.status()).toMatchObject({ active: 1, ready: 1 });
  await job.endAll();
  expect(await job.status()).toEqual({
    startTime,
    completionTime: formatTime(job.world.environment.now()),
    succeeded: 1,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    conditions: [
      expect.objectContaining({ type: 'SuccessCriteriaMet' }),
      expect.objectContaining({ type: 'Complete' }),
    ],
  });
  expect(await job.conditions()).toEqual(completeConditions);
  expect((await job.world.list(pods))[0]?.metadata.finalizers).toBeUndefined();
  expect(lines(await job.world.eventLines('work'))).toEqual([
    'Normal SuccessfulCreate: Created pod: work-*',
    'Normal Completed: Job completed',
  ]);
});

test('works on several at once, never on more than are left', async () => {
  await job.create({ completions: 5, parallelism: 2 });
  expect(await job.livePods()).toHaveLength(2);
  await job.endAll();
  expect(await job.livePods()).toHaveLength(2);
  await job.endAll();
  expect(await job.livePods()).toHaveLength(1);
  expect(await job.status()).toMatchObject({ succeeded: 4, active: 1 });
  await job.endAll();
  expect(await job.status()).toMatchObject({ succeeded: 5 });
  expect(await job.conditions()).toEqual(completeConditions);
  expect(await job.world.list(pods)).toHaveLength(5);
});

test('without completions one success ends it, and the others finish', async () => {
  await job.create({ parallelism: 3 });
  const [first] = await job.livePods();
  if (first !== undefined) await job.end(first);
  expect(await job.livePods()).toHaveLength(2);
  expect(await job.conditions()).toEqual([]);
  await job.endAll({ exitCode: 1 });
  expect(await job.status()).toMatchObject({ succeeded: 1, failed: 2 });
  expect(await job.conditions()).toEqual(completeConditions);
});

test('nothing to do is done', async () => {
  await job.create({ completions: 0 });
  expect(await job.world.list(pods)).toEqual([]);
  expect(await job.conditions()).toEqual(completeConditions);
});

test('a pod that fails is replaced, later and later, until the limit', async () => {
  await job.create({ backoffLimit: 2 });
  await job.endAll({ exitCode: 1 });
  expect(await job.livePods()).toEqual([]);
  await job.world.advance(8_000);
  expect(await job.livePods()).toEqual([]);
  await job.world.advance(2_500);
  expect(await job.livePods()).toHaveLength(1);
  await job.endAll({ exitCode: 1 });
  await job.world.advance(18_000);
  expect(await job.livePods()).toEqual([]);
  await job.world.advance(2_500);
  expect(await job.livePods()).toHaveLength(1);
  expect(await job.conditions()).toEqual([]);
  await job.endAll({ exitCode: 1 });
  expect(await job.status()).toMatchObject({ failed: 3 });
  expect((await job.status()).completionTime).toBeUndefined();
  expect(await job.conditions()).toEqual(limitReached);
  expect((await job.world.eventLines('work')).at(-1)).toBe(
    'Warning BackoffLimitExceeded: Job has reached the specified backoff limit',
  );
});

test('a failure ends what still runs, and is final only when that has stopped', async () => {
  await job.create({ backoffLimit: 0, parallelism: 2, completions: 2 });
  const [first] = await job.livePods();
  if (first !== undefined) await job.end(first, { exitCode: 1 });
  expect(await job.conditions()).toEqual(limitReached.slice(0, 1));
  expect(await job.status()).toMatchObject({ failed: 2, terminating: 1 });
  await job.stopDeleted();
  expect(await job.conditions()).toEqual(limitReached);
  expect(await job.status()).toMatchObject({ failed: 2, terminating: 0 });
  expect(await job.world.list(pods)).toHaveLength(1);
});

test('a deadline ends it', async () => {
  await job.create({ activeDeadlineSeconds: 5 });
  await job.world.advance(4_000);
  expect(await job.conditions()).toEqual([]);
  await job.world.advance(1_000);
  await job.stopDeleted();
  expect(await job.conditions()).toEqual(
    failedFor('DeadlineExceeded', 'Job was active longer than specified deadline'),
  );
  expect(await job.livePods()).toEqual([]);
});

describe('suspension', () => {
  test('deletes pods that then are of no account, and begins the time anew', async () => {
    await job.create({ activeDeadlineSeconds: 60 });
    await job.change({ suspend: true });
    expect(await job.status()).toMatchObject({ terminating: 1 });
    expect((await job.status()).startTime).toBeUndefined();
    expect(await job.conditions()).toEqual(['Suspended=True JobSuspended: Job suspended']);
    await job.stopDeleted();
    await job.world.advance(100_000);
    expect(await job.world.list(pods)).toEqual([]);
    expect((await job.status()).failed).toBeUndefined();
    await job.change({ suspend: false });
    expect(await job.conditions()).toEqual(['Suspended=False JobResumed: Job resumed']);
    expect((await job.status()).startTime).toBe(formatTime(job.world.environment.now() - 300));
    expect(await job.livePods()).toHaveLength(1);
    const told = lines(await job.world.eventLines('work'));
    expect(told.filter((line) => /Suspended|Resumed/.test(line))).toEqual([
      'Normal Suspended: Job suspended',
      'Normal Resumed: Job resumed',
    ]);
  });

  test('from the beginning: a pod template may change until it starts', async () => {
    await job.create({ suspend: true });
    expect(await job.world.list(pods)).toEqual([]);
    expect((await job.status()).startTime).toBeUndefined();
    const current = await job.get();
    const template = draftTemplate(current);
    await job.change({ template: { ...template, spec: { ...template.spec, nodeSelector: { zone: 'b' } } } });
    await job.change({ suspend: false });
    expect((await job.livePods())[0]?.spec?.nodeSelector).toEqual({ zone: 'b' });
    expect((await job.status()).startTime).toBeDefined();
  });
});

function draftTemplate({ spec }: Job) {
  const template = spec?.template;
  if (template?.spec === undefined) throw new Error('no template');
  return { ...template, spec: template.spec };
}

describe('pods that go away', () => {
  async function deletePod(): Promise<void> {
    const [pod] = await job.livePods();
    await job.world.client.delete(pods, { ...jobKey, name: pod?.metadata.name ?? '' });
    await job.world.advance(300);
  }

  test('count as failed and are replaced though they still terminate', async () => {
    await job.create();
    await deletePod();
    expect(await job.status()).toMatchObject({ failed: 1, terminating: 1 });
    // A deletion is as good a reason for patience as a failure.
    await job.world.advance(11_000);
    expect(await job.livePods()).toHaveLength(1);
  });

  test('are waited for when only failed ones are replaced', async () => {
    await job.create({ podReplacementPolicy: 'Failed' });
    const [pod] = await job.livePods();
    await deletePod();
    await job.world.advance(60_000);
    expect(await job.livePods()).toEqual([]);
    expect(await job.status()).toMatchObject({ terminating: 1 });
    expect((await job.status()).failed).toBeUndefined();
    if (pod !== undefined) await job.end(pod, { exitCode: 143 });
    await job.world.advance(11_000);
    expect(await job.livePods()).toHaveLength(1);
    expect(await job.status()).toMatchObject({ failed: 1, terminating: 0 });
  });
});

test('restarts of containers count towards the limit when they are not left to the job', async () => {
  const template = { spec: { restartPolicy: 'OnFailure', nodeName: 'n', containers: [{ name: 'c', image: 'good' }] } };
  await job.create({ backoffLimit: 2, template });
  const [pod] = await job.livePods();
  const restarted = (restartCount: number) => ({
    phase: 'Running',
    containerStatuses: [{ name: 'c', ready: false, restartCount, image: '', imageID: '' }],
  });
  if (pod === undefined) throw new Error('no pod');
  await job.world.client.update(pods, { ...pod, status: restarted(1) }, { subresource: 'status' });
  await job.world.advance(300);
  expect(await job.conditions()).toEqual([]);
  const fresh = await job.world.client.get(pods, { ...jobKey, name: pod.metadata.name ?? '' });
  await job.world.client.update(pods, { ...fresh, status: restarted(2) }, { subresource: 'status' });
  await job.world.advance(300);
  await job.stopDeleted();
  expect(await job.conditions()).toEqual(limitReached);
});

describe('owners', () => {
  const labels = { a: 'b' };
  const manual = { manualSelector: true, selector: { matchLabels: labels } };
  const template = {
    metadata: { labels },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'good' }] },
  };

  test('a pod that is selected is adopted with the finalizer, and let go without it', async () => {
    const metadata = { namespace: 'shop', name: 'orphan', labels };
    await job.world.client.create(pods, { metadata, spec: { containers: [{ name: 'c', image: 'good' }] } });
    await job.create({ ...manual, template });
    const adopted = await job.world.client.get(pods, { namespace: 'shop', name: 'orphan' });
    expect(adopted.metadata).toMatchObject({ finalizers: [trackingFinalizer], ownerReferences: [{ kind: 'Job' }] });
    expect(await job.world.names(pods)).toEqual(['orphan']);
    await job.world.client.update(pods, { ...adopted, metadata: { ...adopted.metadata, labels: {} } });
    await job.world.advance(300);
    const released = await job.world.client.get(pods, { namespace: 'shop', name: 'orphan' });
    expect([released.metadata.finalizers, released.metadata.ownerReferences]).toEqual([undefined, undefined]);
    expect(await job.livePods()).toHaveLength(2);
  });

  test('a job that another controller manages is left alone', async () => {
    await job.create({ managedBy: 'acme.io/jobs' });
    expect(await job.world.list(pods)).toEqual([]);
    expect(await job.status()).toEqual({});
  });

  test('pods of a job that is gone lose the finalizer', async () => {
    await job.create();
    await job.world.client.delete(jobs, jobKey, { propagationPolicy: 'Background' });
    await job.world.advance(300);
    const [pod] = await job.world.list(pods);
    expect(pod?.metadata.finalizers).toBeUndefined();
  });
});

test('counts every pod once though the controller dies again and again', async () => {
  await job.create({ completions: 6, parallelism: 2 });
  for (let round = 0; round < 3; round++) {
    await job.endAll();
    await job.restart();
  }
  expect(await job.status()).toMatchObject({ succeeded: 6, uncountedTerminatedPods: {} });
  expect(await job.world.list(pods)).toHaveLength(6);
  expect(await job.conditions()).toEqual(completeConditions);
});

test('counts more pods at once than a status has room for', async () => {
  await job.create({ completions: 510, parallelism: 510 });
  await job.world.advance(1_000);
  const status = { phase: 'Succeeded' };
  for (const pod of await job.livePods())
    await job.world.client.update(pods, { ...pod, status }, { subresource: 'status' });
  await job.world.advance(5_000);
  expect(await job.status()).toMatchObject({ succeeded: 510, uncountedTerminatedPods: {} });
  expect(await job.conditions()).toEqual(completeConditions);
});
