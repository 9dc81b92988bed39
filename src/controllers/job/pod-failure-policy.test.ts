import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failedFor, JobWorld, limitReached } from '../../../test/support/job-world.ts';

let job: JobWorld;
beforeEach(async () => {
  job = await JobWorld.make();
});
afterEach(() => job.world.stop());

describe('a failure policy', () => {
  const disrupted = [{ type: 'DisruptionTarget', status: 'True' }];

  test('fails the job at once', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } }];
    await job.create({ podFailurePolicy: { rules } });
    const [pod] = await job.livePods();
    await job.endAll({ exitCode: 42 });
    const message = `Container c for pod shop/${pod?.metadata.name} failed with exit code 42 matching FailJob rule at index 0`;
    expect(await job.conditions()).toEqual(failedFor('PodFailurePolicy', message));
    expect(await job.status()).toMatchObject({ failed: 1 });
  });

  test('does not count disruptions', async () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }];
    await job.create({ backoffLimit: 0, podFailurePolicy: { rules } });
    await job.endAll({ exitCode: 137, conditions: disrupted });
    // A disruption delays the next pod like any failure.
    await job.world.advance(10_500);
    expect(await job.livePods()).toHaveLength(1);
    expect((await job.status()).failed).toBeUndefined();
    await job.endAll({ exitCode: 1 });
    expect(await job.conditions()).toEqual(limitReached);
  });

  test('fails an index for good', async () => {
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1] } }];
    const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 1, backoffLimitPerIndex: 5 };
    await job.create({ ...indexed, podFailurePolicy: { rules } });
    await job.endAll({ exitCode: 7 });
    expect(await job.status()).toMatchObject({ failedIndexes: '0', failed: 1 });
    await job.endAll();
    expect(await job.conditions()).toEqual(failedFor('FailedIndexes', 'Job has failed indexes'));
  });
});
