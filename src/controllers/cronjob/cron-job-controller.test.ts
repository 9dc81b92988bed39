import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { formatTime, parseTime } from '../../machinery/time.ts';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '../../resources/schema/batch-v1.generated.ts';
import { cronJobs, jobs } from '../../resources/schema/resource-types.generated.ts';
import { cronJobController } from './cron-job-controller.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  // To a full hour, and a second more.
  const past = world.environment.now() % hourMs;
  await world.advance(hourMs - past + 1_000);
  world.start(cronJobController);
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'tidy' };

async function create(schedule: string, spec: Partial<CronJobSpec> = {}): Promise<CronJob> {
  const pod = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'good' }] };
  const jobTemplate = { metadata: { labels: { of: 'tidy' } }, spec: { template: { spec: pod } } };
  const created = await world.client.create(cronJobs, { metadata: key, spec: { schedule, jobTemplate, ...spec } });
  await world.advance(100);
  return created;
}

async function change(spec: Partial<CronJobSpec>): Promise<void> {
  const current = await world.client.get(cronJobs, key);
  await world.client.update(cronJobs, { ...current, spec: { ...current.spec, ...spec } });
  await world.advance(100);
}

async function status(): Promise<CronJobStatus> {
  return (await world.client.get(cronJobs, key)).status ?? {};
}

/** Ends a job as its controller does. */
async function end(job: Job, how: 'Complete' | 'Failed'): Promise<void> {
  const time = formatTime(world.environment.now());
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: time, lastTransitionTime: time });
  const fresh = await world.client.get(jobs, { ...key, name: job.metadata.name ?? '' });
  const before = how === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const ended = {
    startTime: time,
    ...(how === 'Complete' && { completionTime: time }),
    conditions: [condition(before), condition(how)],
  };
  await world.client.update(jobs, { ...fresh, status: ended }, { subresource: 'status' });
  await world.advance(100);
}

/** When jobs were due, as minutes after the full hour at which all begins. */
async function dueMinutes(): Promise<readonly number[]> {
  const zero = Math.floor(
    (parseTime((await world.client.get(cronJobs, key)).metadata.creationTimestamp) ?? 0) / hourMs,
  );
  return (await world.list(jobs)).map(({ metadata }) => Number(metadata.name?.split('-').at(-1)) - zero * 60);
}

test('a job without labels of its own has all that its pods have', async () => {
  const template = {
    metadata: { labels: { app: 'tidy' } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'good' }] },
  };
  await create('*/5 * * * *', { jobTemplate: { spec: { template } } });
  await world.advance(5 * minuteMs);
  const [job] = await world.list(jobs);
  expect(job?.metadata.labels).toEqual(job?.spec?.template.metadata?.labels);
  expect(job?.metadata.labels).toMatchObject({ app: 'tidy', 'batch.kubernetes.io/job-name': job?.metadata.name });
});

test('makes a job of its template in every minute in which one is due', async () => {
  const { metadata } = await create('*/5 * * * *', { timeZone: 'Asia/Kolkata' });
  await world.advance(4 * minuteMs);
  expect(await world.list(jobs)).toEqual([]);
  await world.advance(minuteMs);
  const [job] = await world.list(jobs);
  const dueMs = Math.floor(world.environment.now() / minuteMs) * minuteMs;
  const inKolkata = new Date(dueMs + 5.5 * hourMs).toISOString().slice(0, 19);
  expect(job?.metadata).toMatchObject({
    name: `tidy-${dueMs / minuteMs}`,
    labels: { of: 'tidy' },
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': `${inKolkata}+05:30` },
    ownerReferences: [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        name: 'tidy',
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
  expect(await status()).toEqual({
    active: [
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        namespace: 'shop',
        name: job?.metadata.name,
        uid: job?.metadata.uid,
        resourceVersion: job?.metadata.resourceVersion,
      },
    ],
    lastScheduleTime: formatTime(dueMs),
  });
  await world.advance(10 * minuteMs);
  expect(await dueMinutes()).toEqual([5, 10, 15]);
  expect(await world.eventLines('tidy')).toEqual(
    (await world.names(jobs)).map((name) => `Normal SuccessfulCreate: Created job ${name}`),
  );
});

test('keeps some that have ended, and knows when the last succeeded', async () => {
  await create('*/10 * * * *', { successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
  for (const how of ['Complete', 'Failed', 'Complete', 'Failed', 'Complete'] as const) {
    await world.advance(10 * minuteMs);
    const unfinished = (await world.list(jobs)).find((job) => job.status?.conditions === undefined);
    if (unfinished !== undefined) await end(unfinished, how);
  }
  // Deleted in the background: their pods are for the garbage collector.
  expect(await dueMinutes()).toEqual([30, 40, 50]);
  expect(await status()).toEqual({
    lastScheduleTime: formatTime(world.environment.now() - (world.environment.now() % minuteMs)),
    lastSuccessfulTime: formatTime(world.environment.now() - 100),
  });
  const told = await world.eventLines('tidy');
  expect(told.filter((line) => line.includes('condition: Failed'))).toHaveLength(2);
  expect(told.filter((line) => line.startsWith('Normal SuccessfulDelete: Deleted job tidy-'))).toHaveLength(2);
});

test('starts one every hour of a day', async () => {
  await create('0 * * * *');
  await world.advance(24 * hourMs);
  expect(await dueMinutes()).toEqual(Array.from({ length: 24 }, (_, hour) => (hour + 1) * 60));
});

test('Forbid waits for the one that runs, and then makes up for it', async () => {
  await create('*/5 * * * *', { concurrencyPolicy: 'Forbid' });
  await world.advance(12 * minuteMs);
  expect(await dueMinutes()).toEqual([5]);
  expect((await world.eventLines('tidy')).at(-1)).toBe(
    'Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
  );
  const [first] = await world.list(jobs);
  if (first !== undefined) await end(first, 'Complete');
  expect(await dueMinutes()).toEqual([5, 10]);
});

test('Replace deletes the one that runs', async () => {
  await create('*/5 * * * *', { concurrencyPolicy: 'Replace' });
  await world.advance(10 * minuteMs);
  expect(await dueMinutes()).toEqual([10]);
  expect((await status()).active).toHaveLength(1);
});

test('suspended it starts nothing, and resumed only the latest that was missed', async () => {
  await create('*/5 * * * *', { suspend: true });
  await world.advance(33 * minuteMs);
  expect(await world.list(jobs)).toEqual([]);
  await change({ suspend: false });
  expect(await dueMinutes()).toEqual([30]);
});

test('what is too late for its deadline is not started', async () => {
  await create('*/10 * * * *', { suspend: true, startingDeadlineSeconds: 60 });
  await world.advance(15 * minuteMs);
  await change({ suspend: false });
  expect(await world.list(jobs)).toEqual([]);
  await world.advance(5 * minuteMs);
  expect(await dueMinutes()).toEqual([20]);
});

test('more than a hundred missed starts are told of, and the latest is made up for', async () => {
  await create('* * * * *', { suspend: true });
  await world.advance(200 * minuteMs);
  await change({ suspend: false });
  expect(await dueMinutes()).toEqual([200]);
  expect(await world.eventLines('tidy')).toContain(
    'Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
  );
});

test('a new schedule holds from now on', async () => {
  await create('0 0 1 1 *');
  await world.advance(33 * minuteMs);
  await change({ schedule: '*/5 * * * *' });
  expect(await world.list(jobs)).toEqual([]);
  await world.advance(3 * minuteMs);
  expect(await dueMinutes()).toEqual([35]);
});

test('a schedule without a day that exists says so', async () => {
  await create('0 0 31 2 *');
  expect(await world.eventLines('tidy')).toEqual([
    'Warning InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
  ]);
});

test('a job that goes missing, or comes from elsewhere, is told of', async () => {
  const { metadata } = await create('*/5 * * * *');
  await world.advance(5 * minuteMs);
  const [job] = await world.list(jobs);
  await world.client.delete(jobs, { ...key, name: job?.metadata.name ?? '' }, { propagationPolicy: 'Background' });
  await world.advance(100);
  expect((await status()).active ?? []).toEqual([]);
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tidy', uid: metadata.uid ?? '', controller: true };
  const foreign = { namespace: 'shop', name: 'by-hand', ownerReferences: [owner] };
  await world.client.create(jobs, { metadata: foreign, ...(job?.spec && { spec: withoutSelector(job) }) });
  await world.advance(100);
  expect((await world.eventLines('tidy')).slice(1)).toEqual([
    `Normal MissingJob: Active job went missing: ${job?.metadata.name}`,
    'Warning UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand',
  ]);
});

function withoutSelector({ spec }: Job) {
  const pod = spec?.template.spec;
  return { template: { ...(pod && { spec: pod }) } };
}

test('a controller that died before it could say so finds its job again', async () => {
  await create('*/5 * * * *');
  await world.advance(5 * minuteMs);
  await world.stopControllers();
  const current = await world.client.get(cronJobs, key);
  await world.client.update(cronJobs, { ...current, status: {} }, { subresource: 'status' });
  world.start(cronJobController);
  await world.advance(1_000);
  expect(await dueMinutes()).toEqual([5]);
  expect(await status()).toMatchObject({ active: [{ name: (await world.names(jobs))[0] }] });
});
