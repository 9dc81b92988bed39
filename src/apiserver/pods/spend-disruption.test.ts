import { expect, test } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import type { PodDisruptionBudgetStatus } from '../../resources/schema/policy-v1.generated.ts';
import { spendDisruption } from './spend-disruption.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const spend = (status: PodDisruptionBudgetStatus, generation = 1) =>
  spendDisruption(
    { metadata: { name: 'b', generation }, spec: {}, status: { observedGeneration: 1, ...status } },
    'web',
    now,
  ).status;
const refusal = (status: PodDisruptionBudgetStatus, generation = 1) => {
  try {
    return spend(status, generation);
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
};
const notNow = 'The disruption budget b does not allow evicting pods currently';
const because = (message: string) => ({ details: { causes: [{ reason: 'DisruptionBudget', message }] } });

test('notes the pod, and says when nothing is left', () => {
  expect(spend({ disruptionsAllowed: 2, disruptedPods: { old: 'x' } })).toEqual({
    observedGeneration: 1,
    disruptionsAllowed: 1,
    disruptedPods: { old: 'x', web: '2026-01-01T00:00:00Z' },
  });
  expect(spend({ disruptionsAllowed: 1 })).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }],
  });
});

test('says why there is nothing to spend', () => {
  const condition = { type: 'DisruptionAllowed', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const none = { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 2 };
  expect(refusal({ ...none, currentHealthy: 2 })).toMatchObject({
    code: 429,
    ...because('The disruption budget b needs 2 healthy pods and has 2 currently'),
  });
  expect(refusal(none)).toMatchObject(because(notNow));
  expect(refusal({ ...none, conditions: [{ ...condition, reason: 'SyncFailed', message: 'no' }] })).toMatchObject(
    because(`${notNow} because it failed sync: no`),
  );
  expect(refusal({ ...none, conditions: [{ ...condition, reason: 'Other', message: 'no' }] })).toMatchObject(
    because(`${notNow} (Other): no`),
  );
});

test('a budget that was not computed since it changed lets nobody go for ten seconds', () => {
  expect(refusal({ disruptionsAllowed: 5 }, 2)).toEqual({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      retryAfterSeconds: 10,
      causes: [
        { reason: 'DisruptionBudget', message: 'The disruption budget b is still being processed by the server.' },
      ],
    },
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
  });
});

test('a state that makes no sense is refused for good', () => {
  expect(refusal({ disruptionsAllowed: -1 })).toMatchObject({
    code: 403,
    message: 'poddisruptionbudget.policy "b" is forbidden: pdb disruptions allowed is negative',
    ...because(`${notNow}: pdb disruptions allowed is negative`),
  });
  const disruptedPods = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`p${index}`, 'x']));
  expect(refusal({ disruptionsAllowed: 1, disruptedPods })).toMatchObject({
    code: 403,
    message:
      'poddisruptionbudget.policy "b" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    ...because(`${notNow}: too many pending evictions not confirmed by PDB controller`),
  });
});
