import { expect, test } from 'vitest';
import { formatTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '../../resources/schema/policy-v1.generated.ts';
import { decideBudget } from './decide-budget.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const pod = (name: string, ready = true, deleting = false): Pod => ({
  metadata: { name, ...(deleting && { deletionTimestamp: formatTime(now) }) },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const pods = [pod('a'), pod('b'), pod('c', false), pod('d', true, true)];
const decide = (
  spec: PodDisruptionBudgetSpec,
  { status = {}, expectedScale = 3 }: { status?: PodDisruptionBudgetStatus; expectedScale?: number } = {},
) => decideBudget({ budget: { metadata: { name: 'x', generation: 2 }, spec, status }, pods, expectedScale, now });
const numbers = (spec: PodDisruptionBudgetSpec, expectedScale?: number) => {
  const { status } = decide(spec, expectedScale === undefined ? {} : { expectedScale });
  return [status.disruptionsAllowed, status.currentHealthy, status.desiredHealthy, status.expectedPods];
};

test('what may go is what is healthy beyond what has to be', () => {
  expect(numbers({ minAvailable: 1 })).toEqual([1, 2, 1, 4]);
  expect(numbers({ minAvailable: 5 })).toEqual([0, 2, 5, 4]);
  expect(numbers({ minAvailable: '50%' })).toEqual([0, 2, 2, 3]);
  expect(numbers({ minAvailable: '10%' })).toEqual([1, 2, 1, 3]);
  expect(numbers({ maxUnavailable: 1 })).toEqual([0, 2, 2, 3]);
  expect(numbers({ maxUnavailable: 2 })).toEqual([1, 2, 1, 3]);
  expect(numbers({ maxUnavailable: '34%' })).toEqual([1, 2, 1, 3]);
  expect(numbers({ maxUnavailable: 5 })).toEqual([2, 2, 0, 3]);
  // Nobody says how many there should be: none may go.
  expect(numbers({ maxUnavailable: 5 }, 0)).toEqual([0, 2, 0, 0]);
  expect(numbers({})).toEqual([0, 2, 0, 0]);
});

test('an eviction that was let through counts at once, and no more when nothing came of it', () => {
  const ago = (ms: number) => formatTime(now - ms);
  const disruptedPods = { a: ago(30_000), b: ago(150_000), d: ago(1_000), gone: ago(1_000) };
  const { status, notDeleted, recheckAfterMs } = decide({ minAvailable: 1 }, { status: { disruptedPods } });
  expect(status).toMatchObject({ disruptedPods: { a: ago(30_000) }, currentHealthy: 1, disruptionsAllowed: 0 });
  expect(notDeleted.map(({ metadata }) => metadata.name)).toEqual(['b']);
  expect(recheckAfterMs).toBe(90_001);
});

test('the condition says whether any may go, and since when', () => {
  const before = { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' };
  const since = '2025-01-01T00:00:00Z';
  const conditions = [{ ...before, lastTransitionTime: since }];
  expect(decide({ minAvailable: 1 }, { status: { conditions } }).status.conditions).toEqual([
    { ...before, lastTransitionTime: since, observedGeneration: 2 },
  ]);
  expect(decide({ minAvailable: 2 }, { status: { conditions } }).status.conditions).toEqual([
    {
      type: 'DisruptionAllowed',
      status: 'False',
      reason: 'InsufficientPods',
      message: '',
      observedGeneration: 2,
      lastTransitionTime: formatTime(now),
    },
  ]);
});

test('a number that is none is told in the words of Kubernetes', () => {
  expect(() => decide({ minAvailable: 'some' })).toThrow(
    'invalid value for IntOrString: invalid type: string is not a percentage',
  );
});
