import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Job, JobSpec } from '../../resources/schema/batch-v1.generated.ts';
import { jobs } from '../../resources/schema/resource-types.generated.ts';
import { ttlAfterFinishedController } from './ttl-after-finished-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(ttlAfterFinishedController);
});
afterEach(() => world.stop());

async function finished(name: string, spec: Partial<JobSpec>): Promise<Job> {
  const pod = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'good' }] };
  const metadata = { namespace: 'shop', name };
  const job = await world.client.create(jobs, { metadata, spec: { template: { spec: pod }, ...spec } });
  const time = formatTime(world.environment.now());
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: time, lastTransitionTime: time });
  const conditions = [condition('FailureTarget'), condition('Failed')];
  const ended = await world.client.update(
    jobs,
    { ...job, status: { startTime: time, conditions } },
    { subresource: 'status' },
  );
  await world.advance(10);
  return ended;
}

async function leaving(): Promise<readonly string[]> {
  return (await world.list(jobs))
    .filter(({ metadata }) => metadata.finalizers?.includes('foregroundDeletion') === true)
    .map(({ metadata }) => metadata.name ?? '');
}

test('a job is deleted with its pods when its time is over, one without a time never', async () => {
  await finished('for-good', {});
  await finished('at-once', { ttlSecondsAfterFinished: 0 });
  await finished('a-minute', { ttlSecondsAfterFinished: 60 });
  expect(await leaving()).toEqual(['at-once']);
  await world.advance(58_000);
  expect(await leaving()).toEqual(['at-once']);
  await world.advance(2_000);
  expect((await leaving()).toSorted()).toEqual(['a-minute', 'at-once']);
});

test('more time can be given while there is some', async () => {
  const job = await finished('kept', { ttlSecondsAfterFinished: 60 });
  await world.advance(30_000);
  const spec = { ...(job.spec as JobSpec), ttlSecondsAfterFinished: 3_600 };
  await world.client.update(jobs, { ...job, spec });
  await world.advance(60_000);
  expect(await leaving()).toEqual([]);
  await world.advance(3_600_000);
  expect(await leaving()).toEqual(['kept']);
});
