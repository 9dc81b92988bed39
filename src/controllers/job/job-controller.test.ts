import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Job, JobSpec, JobStatus } from '../../resources/schema/batch-v1.generated.ts';
import type { Pod, PodCondition } from '../../resources/schema/core-v1.generated.ts';
import { jobs, pods } from '../../resources/schema/resource-types.generated.ts';
import { jobController } from './job-controller.ts';
import { jobOrphanController } from './job-orphan-controller.ts';
import { trackingFinalizer } from './job-pods.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(jobController, jobOrphanController);
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'work' };

function job(spec: Partial<JobSpec> = {}): Job {
  const template = { spec: { restartPolicy: 'Never', nodeName: 'n', containers: [{ name: 'c', image: 'good' }] } };
  return { metadata: key, spec: { template, ...spec } };
}

async function create(spec: Partial<JobSpec> = {}): Promise<Job> {
  const created = await world.client.create(jobs, job(spec));
  await world.advance(200);
  return created;
}

async function change(spec: Partial<JobSpec>): Promise<void> {
  const current = await world.client.get(jobs, key);
  await world.client.update(jobs, { ...current, spec: { ...(current.spec as JobSpec), ...spec } });
  await world.advance(300);
}

async function status(): Promise<JobStatus> {
  return (await world.client.get(jobs, key)).status ?? {};
}

/** The conditions as `Type=Status Reason: message`. */
async function conditions(): Promise<readonly string[]> {
  return ((await status()).conditions ?? []).map(
    ({ type, status: holds, reason, message }) => `${type}=${holds} ${reason}: ${message}`,
  );
}

async function livePods(): Promise<readonly Pod[]> {
  return (await world.list(pods)).filter(
    ({ status: { phase } = {}, metadata }) =>
      phase !== 'Succeeded' && phase !== 'Failed' && metadata.deletionTimestamp === undefined,
  );
}

interface End {
  readonly exitCode?: number;
  readonly conditions?: readonly PodCondition[];
}

/** What a kubelet tells when a pod ends. */
async function end(pod: Pod, { exitCode = 0, conditions: more = [] }: End = {}): Promise<void> {
  const time = formatTime(world.environment.now());
  const state = { terminated: { exitCode, finishedAt: time, startedAt: time } };
  const fresh = await world.client.get(pods, { namespace: 'shop', name: pod.metadata.name ?? '' });
  await world.client.update(
    pods,
    {
      ...fresh,
      status: {
        ...fresh.status,
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time }, ...more],
        containerStatuses: [{ name: 'c', ready: false, restartCount: 0, image: 'good', imageID: '', state }],
      },
    },
    { subresource: 'status' },
  );
  await world.advance(300);
}

/** As a kubelet does when a pod that is being deleted has stopped. */
async function stopDeleted(): Promise<void> {
  for (const { metadata } of await world.list(pods)) {
    if (metadata.deletionTimestamp === undefined) continue;
    await world.client.delete(pods, { ...key, name: metadata.name ?? '' }, { gracePeriodSeconds: 0 });
  }
  await world.advance(300);
}

async function endAll(what: End = {}): Promise<void> {
  for (const pod of await livePods()) await end(pod, what);
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replace(/(pod: work(?:-\d+)?-)[a-z0-9]{5}/, '$1*'));
}

const met = 'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods';
const complete = 'Complete=True CompletionsReached: Reached expected number of succeeded pods';
const failedFor = (reason: string, message: string) => [
  `FailureTarget=True ${reason}: ${message}`,
  `Failed=True ${reason}: ${message}`,
];
const limitReached = failedFor('BackoffLimitExceeded', 'Job has reached the specified backoff limit');

test('runs a pod to its end, counts it, and is complete', async () => {
  const created = await create();
  const [pod, ...others] = await world.list(pods);
  expect(others).toEqual([]);
  expect(pod?.metadata).toMatchObject({
    name: expect.stringMatching(/^work-[a-z0-9]{5}$/),
    labels: { 'batch.kubernetes.io/job-name': 'work', 'controller-uid': created.metadata.uid },
    finalizers: [trackingFinalizer],
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: created.metadata.uid }],
  });
  const startTime = formatTime(world.environment.now());
  expect(await status()).toEqual({ startTime, active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
  if (pod !== undefined) await world.setReady(pod, true);
  await world.advance(2_000);
  expect(await status()).toMatchObject({ active: 1, ready: 1 });
  await endAll();
  expect(await status()).toEqual({
    startTime,
    completionTime: formatTime(world.environment.now()),
    succeeded: 1,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    conditions: [
      expect.objectContaining({ type: 'SuccessCriteriaMet' }),
      expect.objectContaining({ type: 'Complete' }),
    ],
  });
  expect(await conditions()).toEqual([met, complete]);
  expect((await world.list(pods))[0]?.metadata.finalizers).toBeUndefined();
  expect(lines(await world.eventLines('work'))).toEqual([
    'Normal SuccessfulCreate: Created pod: work-*',
    'Normal Completed: Job completed',
  ]);
});

test('works on several at once, never on more than are left', async () => {
  await create({ completions: 5, parallelism: 2 });
  expect(await livePods()).toHaveLength(2);
  await endAll();
  expect(await livePods()).toHaveLength(2);
  await endAll();
  expect(await livePods()).toHaveLength(1);
  expect(await status()).toMatchObject({ succeeded: 4, active: 1 });
  await endAll();
  expect(await status()).toMatchObject({ succeeded: 5 });
  expect(await conditions()).toEqual([met, complete]);
  expect(await world.list(pods)).toHaveLength(5);
});

test('without completions one success ends it, and the others finish', async () => {
  await create({ parallelism: 3 });
  const [first] = await livePods();
  if (first !== undefined) await end(first);
  expect(await livePods()).toHaveLength(2);
  expect(await conditions()).toEqual([]);
  await endAll({ exitCode: 1 });
  expect(await status()).toMatchObject({ succeeded: 1, failed: 2 });
  expect(await conditions()).toEqual([met, complete]);
});

test('nothing to do is done', async () => {
  await create({ completions: 0 });
  expect(await world.list(pods)).toEqual([]);
  expect(await conditions()).toEqual([met, complete]);
});

test('a pod that fails is replaced, later and later, until the limit', async () => {
  await create({ backoffLimit: 2 });
  await endAll({ exitCode: 1 });
  expect(await livePods()).toEqual([]);
  await world.advance(8_000);
  expect(await livePods()).toEqual([]);
  await world.advance(2_500);
  expect(await livePods()).toHaveLength(1);
  await endAll({ exitCode: 1 });
  await world.advance(18_000);
  expect(await livePods()).toEqual([]);
  await world.advance(2_500);
  expect(await livePods()).toHaveLength(1);
  expect(await conditions()).toEqual([]);
  await endAll({ exitCode: 1 });
  expect(await status()).toMatchObject({ failed: 3 });
  expect((await status()).completionTime).toBeUndefined();
  expect(await conditions()).toEqual(limitReached);
  expect((await world.eventLines('work')).at(-1)).toBe(
    'Warning BackoffLimitExceeded: Job has reached the specified backoff limit',
  );
});

test('a failure ends what still runs, and is final only when that has stopped', async () => {
  await create({ backoffLimit: 0, parallelism: 2, completions: 2 });
  const [first] = await livePods();
  if (first !== undefined) await end(first, { exitCode: 1 });
  expect(await conditions()).toEqual(limitReached.slice(0, 1));
  expect(await status()).toMatchObject({ failed: 2, terminating: 1 });
  await stopDeleted();
  expect(await conditions()).toEqual(limitReached);
  expect(await status()).toMatchObject({ failed: 2, terminating: 0 });
  expect(await world.list(pods)).toHaveLength(1);
});

test('a deadline ends it', async () => {
  await create({ activeDeadlineSeconds: 5 });
  await world.advance(4_000);
  expect(await conditions()).toEqual([]);
  await world.advance(1_000);
  await stopDeleted();
  expect(await conditions()).toEqual(failedFor('DeadlineExceeded', 'Job was active longer than specified deadline'));
  expect(await livePods()).toEqual([]);
});

describe('suspension', () => {
  test('deletes pods that then are of no account, and begins the time anew', async () => {
    await create({ activeDeadlineSeconds: 60 });
    await change({ suspend: true });
    expect(await status()).toMatchObject({ terminating: 1 });
    expect((await status()).startTime).toBeUndefined();
    expect(await conditions()).toEqual(['Suspended=True JobSuspended: Job suspended']);
    await stopDeleted();
    await world.advance(100_000);
    expect(await world.list(pods)).toEqual([]);
    expect((await status()).failed).toBeUndefined();
    await change({ suspend: false });
    expect(await conditions()).toEqual(['Suspended=False JobResumed: Job resumed']);
    expect((await status()).startTime).toBe(formatTime(world.environment.now() - 300));
    expect(await livePods()).toHaveLength(1);
    const told = lines(await world.eventLines('work'));
    expect(told.filter((line) => /Suspended|Resumed/.test(line))).toEqual([
      'Normal Suspended: Job suspended',
      'Normal Resumed: Job resumed',
    ]);
  });

  test('from the beginning: a pod template may change until it starts', async () => {
    await create({ suspend: true });
    expect(await world.list(pods)).toEqual([]);
    expect((await status()).startTime).toBeUndefined();
    const current = await world.client.get(jobs, key);
    const template = draftTemplate(current);
    await change({ template: { ...template, spec: { ...template.spec, nodeSelector: { zone: 'b' } } } });
    await change({ suspend: false });
    expect((await livePods())[0]?.spec?.nodeSelector).toEqual({ zone: 'b' });
    expect((await status()).startTime).toBeDefined();
  });
});

function draftTemplate({ spec }: Job) {
  const template = spec?.template;
  if (template?.spec === undefined) throw new Error('no template');
  return { ...template, spec: template.spec };
}

describe('indexes', () => {
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
  const indexOf = (pod: Pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
  const ofIndex = async (index: number) => {
    const found = (await livePods()).find((pod) => indexOf(pod) === String(index));
    if (found === undefined) throw new Error(`no pod of index ${index}`);
    return found;
  };

  test('are told to pods in four ways', async () => {
    await create(indexed);
    const pod = await ofIndex(2);
    expect(pod.metadata).toMatchObject({
      name: expect.stringMatching(/^work-2-[a-z0-9]{5}$/),
      labels: { 'batch.kubernetes.io/job-completion-index': '2' },
    });
    expect(pod.spec?.hostname).toBe('work-2');
    const fieldPath = "metadata.labels['batch.kubernetes.io/job-completion-index']";
    expect(pod.spec?.containers[0]?.env).toEqual([
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } },
    ]);
    await end(await ofIndex(0));
    await end(await ofIndex(2));
    expect(await status()).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
    await end(await ofIndex(1));
    expect(await status()).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
    expect(await conditions()).toEqual([met, complete]);
  });

  test('fail one by one, each with a limit and a back-off of its own', async () => {
    await create({ ...indexed, backoffLimitPerIndex: 1 });
    await end(await ofIndex(1), { exitCode: 1 });
    expect((await livePods()).map(indexOf).sort()).toEqual(['0', '2']);
    await world.advance(11_000);
    const again = await ofIndex(1);
    expect(again.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    // The one before has been counted, and may go.
    expect((await world.list(pods)).filter((pod) => pod.metadata.finalizers === undefined)).toHaveLength(1);
    await end(again, { exitCode: 1 });
    expect(await status()).toMatchObject({ failedIndexes: '1', failed: 2 });
    expect(await conditions()).toEqual([]);
    await endAll();
    expect(await status()).toMatchObject({ failedIndexes: '1', completedIndexes: '0,2', succeeded: 2 });
    expect(await conditions()).toEqual(failedFor('FailedIndexes', 'Job has failed indexes'));
  });

  test('too many that fail end it', async () => {
    await create({ ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 });
    await end(await ofIndex(0), { exitCode: 1 });
    await stopDeleted();
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    expect(await conditions()).toEqual(failedFor('MaxFailedIndexesExceeded', message));
  });

  test('a success policy may be content with some', async () => {
    await create({ ...indexed, successPolicy: { rules: [{ succeededIndexes: '1' }, { succeededCount: 2 }] } });
    await end(await ofIndex(0));
    expect(await conditions()).toEqual([]);
    await end(await ofIndex(2));
    await stopDeleted();
    expect(await conditions()).toEqual([
      'SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 1',
      'Complete=True SuccessPolicy: Matched rules at index 1',
    ]);
    expect(await status()).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
    expect((await status()).failed).toBeUndefined();
  });

  test('are fewer or more when the job is made shorter or longer', async () => {
    await create(indexed);
    await end(await ofIndex(2));
    await change({ completions: 2, parallelism: 2 });
    expect(await status()).toMatchObject({ ready: 0, terminating: 0 });
    expect((await status()).completedIndexes).toBeUndefined();
    await change({ completions: 4, parallelism: 4 });
    expect((await livePods()).map(indexOf).sort()).toEqual(['0', '1', '2', '3']);
  });
});

describe('a failure policy', () => {
  const disrupted = [{ type: 'DisruptionTarget', status: 'True' }];

  test('fails the job at once', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } }];
    await create({ podFailurePolicy: { rules } });
    const [pod] = await livePods();
    await endAll({ exitCode: 42 });
    const message = `Container c for pod shop/${pod?.metadata.name} failed with exit code 42 matching FailJob rule at index 0`;
    expect(await conditions()).toEqual(failedFor('PodFailurePolicy', message));
    expect(await status()).toMatchObject({ failed: 1 });
  });

  test('does not count disruptions', async () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }];
    await create({ backoffLimit: 0, podFailurePolicy: { rules } });
    await endAll({ exitCode: 137, conditions: disrupted });
    // A disruption delays the next pod like any failure.
    await world.advance(10_500);
    expect(await livePods()).toHaveLength(1);
    expect((await status()).failed).toBeUndefined();
    await endAll({ exitCode: 1 });
    expect(await conditions()).toEqual(limitReached);
  });

  test('fails an index for good', async () => {
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1] } }];
    const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 1, backoffLimitPerIndex: 5 };
    await create({ ...indexed, podFailurePolicy: { rules } });
    await endAll({ exitCode: 7 });
    expect(await status()).toMatchObject({ failedIndexes: '0', failed: 1 });
    await endAll();
    expect(await conditions()).toEqual(failedFor('FailedIndexes', 'Job has failed indexes'));
  });
});

describe('pods that go away', () => {
  async function deletePod(): Promise<void> {
    const [pod] = await livePods();
    await world.client.delete(pods, { ...key, name: pod?.metadata.name ?? '' });
    await world.advance(300);
  }

  test('count as failed and are replaced though they still terminate', async () => {
    await create();
    await deletePod();
    expect(await status()).toMatchObject({ failed: 1, terminating: 1 });
    // A deletion is as good a reason for patience as a failure.
    await world.advance(11_000);
    expect(await livePods()).toHaveLength(1);
  });

  test('are waited for when only failed ones are replaced', async () => {
    await create({ podReplacementPolicy: 'Failed' });
    const [pod] = await livePods();
    await deletePod();
    await world.advance(60_000);
    expect(await livePods()).toEqual([]);
    expect(await status()).toMatchObject({ terminating: 1 });
    expect((await status()).failed).toBeUndefined();
    if (pod !== undefined) await end(pod, { exitCode: 143 });
    await world.advance(11_000);
    expect(await livePods()).toHaveLength(1);
    expect(await status()).toMatchObject({ failed: 1, terminating: 0 });
  });
});

test('restarts of containers count towards the limit when they are not left to the job', async () => {
  const template = { spec: { restartPolicy: 'OnFailure', nodeName: 'n', containers: [{ name: 'c', image: 'good' }] } };
  await create({ backoffLimit: 2, template });
  const [pod] = await livePods();
  const restarted = (restartCount: number) => ({
    phase: 'Running',
    containerStatuses: [{ name: 'c', ready: false, restartCount, image: '', imageID: '' }],
  });
  if (pod === undefined) throw new Error('no pod');
  await world.client.update(pods, { ...pod, status: restarted(1) }, { subresource: 'status' });
  await world.advance(300);
  expect(await conditions()).toEqual([]);
  const fresh = await world.client.get(pods, { ...key, name: pod.metadata.name ?? '' });
  await world.client.update(pods, { ...fresh, status: restarted(2) }, { subresource: 'status' });
  await world.advance(300);
  await stopDeleted();
  expect(await conditions()).toEqual(limitReached);
});

describe('owners', () => {
  const labels = { a: 'b' };
  const manual = { manualSelector: true, selector: { matchLabels: labels } };
  const template = { metadata: { labels }, ...job().spec?.template };

  test('a pod that is selected is adopted with the finalizer, and let go without it', async () => {
    const metadata = { namespace: 'shop', name: 'orphan', labels };
    await world.client.create(pods, { metadata, spec: { containers: [{ name: 'c', image: 'good' }] } });
    await create({ ...manual, template });
    const adopted = await world.client.get(pods, { namespace: 'shop', name: 'orphan' });
    expect(adopted.metadata).toMatchObject({ finalizers: [trackingFinalizer], ownerReferences: [{ kind: 'Job' }] });
    expect(await world.names(pods)).toEqual(['orphan']);
    await world.client.update(pods, { ...adopted, metadata: { ...adopted.metadata, labels: {} } });
    await world.advance(300);
    const released = await world.client.get(pods, { namespace: 'shop', name: 'orphan' });
    expect([released.metadata.finalizers, released.metadata.ownerReferences]).toEqual([undefined, undefined]);
    expect(await livePods()).toHaveLength(2);
  });

  test('a job that another controller manages is left alone', async () => {
    await create({ managedBy: 'acme.io/jobs' });
    expect(await world.list(pods)).toEqual([]);
    expect(await status()).toEqual({});
  });

  test('pods of a job that is gone lose the finalizer', async () => {
    await create();
    await world.client.delete(jobs, key, { propagationPolicy: 'Background' });
    await world.advance(300);
    const [pod] = await world.list(pods);
    expect(pod?.metadata.finalizers).toBeUndefined();
  });
});

test('counts every pod once though the controller dies again and again', async () => {
  await create({ completions: 6, parallelism: 2 });
  for (let round = 0; round < 3; round++) {
    for (const pod of await livePods()) await end(pod);
    await world.stopControllers();
    world.start(jobController, jobOrphanController);
    await world.advance(500);
  }
  expect(await status()).toMatchObject({ succeeded: 6, uncountedTerminatedPods: {} });
  expect(await world.list(pods)).toHaveLength(6);
  expect(await conditions()).toEqual([met, complete]);
});
