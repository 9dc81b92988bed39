import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeConditions, failedFor, JobWorld } from '../../../test/support/job-world.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';

let job: JobWorld;
beforeEach(async () => {
  job = await JobWorld.make();
});
afterEach(() => job.world.stop());

describe('indexes', () => {
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
  const indexOf = (pod: Pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
  const ofIndex = async (index: number) => {
    const found = (await job.livePods()).find((pod) => indexOf(pod) === String(index));
    if (found === undefined) throw new Error(`no pod of index ${index}`);
    return found;
  };

  test('are told to pods in four ways', async () => {
    await job.create(indexed);
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
    await job.end(await ofIndex(0));
    await job.end(await ofIndex(2));
    expect(await job.status()).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
    await job.end(await ofIndex(1));
    expect(await job.status()).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
    expect(await job.conditions()).toEqual(completeConditions);
  });

  test('fail one by one, each with a limit and a back-off of its own', async () => {
    await job.create({ ...indexed, backoffLimitPerIndex: 1 });
    await job.end(await ofIndex(1), { exitCode: 1 });
    expect((await job.livePods()).map(indexOf).sort()).toEqual(['0', '2']);
    await job.world.advance(11_000);
    const again = await ofIndex(1);
    expect(again.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    // The one before has been counted, and may go.
    expect((await job.world.list(pods)).filter((pod) => pod.metadata.finalizers === undefined)).toHaveLength(1);
    await job.end(again, { exitCode: 1 });
    expect(await job.status()).toMatchObject({ failedIndexes: '1', failed: 2 });
    expect(await job.conditions()).toEqual([]);
    await job.endAll();
    expect(await job.status()).toMatchObject({ failedIndexes: '1', completedIndexes: '0,2', succeeded: 2 });
    expect(await job.conditions()).toEqual(failedFor('FailedIndexes', 'Job has failed indexes'));
  });

  test('too many that fail end it', async () => {
    await job.create({ ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 });
    await job.end(await ofIndex(0), { exitCode: 1 });
    await job.stopDeleted();
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    expect(await job.conditions()).toEqual(failedFor('MaxFailedIndexesExceeded', message));
  });

  test('a success policy may be content with some', async () => {
    await job.create({ ...indexed, successPolicy: { rules: [{ succeededIndexes: '1' }, { succeededCount: 2 }] } });
    await job.end(await ofIndex(0));
    expect(await job.conditions()).toEqual([]);
    await job.end(await ofIndex(2));
    await job.stopDeleted();
    expect(await job.conditions()).toEqual([
      'SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 1',
      'Complete=True SuccessPolicy: Matched rules at index 1',
    ]);
    expect(await job.status()).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
    expect((await job.status()).failed).toBeUndefined();
  });

  test('are fewer or more when the job is made shorter or longer', async () => {
    await job.create(indexed);
    await job.end(await ofIndex(2));
    await job.change({ completions: 2, parallelism: 2 });
    expect(await job.status()).toMatchObject({ ready: 0, terminating: 0 });
    expect((await job.status()).completedIndexes).toBeUndefined();
    await job.change({ completions: 4, parallelism: 4 });
    expect((await job.livePods()).map(indexOf).sort()).toEqual(['0', '1', '2', '3']);
  });
});
