import { expect, test } from 'vitest';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { podsToDelete } from './pods-to-delete.ts';

const now = Date.UTC(2026, 0, 2);
const hoursAgo = (hours: number) => new Date(now - hours * 3_600_000).toISOString().replace('.000', '');

interface Given {
  readonly node?: string;
  readonly phase?: string;
  readonly readyHours?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly ageHours?: number;
}

function pod(
  name: string,
  { node = 'n1', phase = 'Running', readyHours = 8, cost, restarts = 0, ageHours = 8 }: Given,
): Pod {
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: hoursAgo(ageHours),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      conditions: readyHours < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: hoursAgo(readyHours) }],
      containerStatuses: [{ name: 'c', ready: true, restartCount: restarts, image: '', imageID: '' }],
    },
  };
}

const cases: readonly (readonly [rule: string, first: Given, second: Given])[] = [
  ['unassigned before assigned', { node: '' }, {}],
  ['pending before running', { phase: 'Pending' }, {}],
  ['unknown before running', { phase: 'Unknown' }, {}],
  ['pending before unknown', { phase: 'Pending' }, { phase: 'Unknown' }],
  ['not ready before ready', { readyHours: -1 }, {}],
  ['the cheaper', { cost: '-5' }, {}],
  ['a broken cost counts as none', { cost: '-10' }, { cost: '-05' }],
  ['ready for a much shorter time', { readyHours: 1 }, {}],
  ['restarted more often', { restarts: 2 }, { restarts: 1 }],
  ['much younger', { ageHours: 1 }, {}],
];

test.each(cases)('goes first: %s', (_, first, second) => {
  const [a, b] = [pod('a', first), pod('b', second)];
  expect(podsToDelete([b, a], [], 1, now)).toEqual([a]);
  expect(podsToDelete([a, b], [], 1, now)).toEqual([a]);
});

test('of two on one node one goes before the only one of another node, counting pods of sister ReplicaSets', () => {
  const [crowded, alone] = [pod('crowded', { node: 'n1' }), pod('alone', { node: 'n2' })];
  const sister = pod('sister', { node: 'n1' });
  expect(podsToDelete([alone, crowded], [alone, crowded, sister], 1, now)).toEqual([crowded]);
});

test('ages that differ little are left to chance', () => {
  // Five and six hours are of one magnitude: the uid decides.
  const [older, younger] = [pod('a', { readyHours: 6 }), pod('b', { readyHours: 5 })];
  expect(podsToDelete([younger, older], [], 1, now)).toEqual([older]);
});

test('all go when none may stay', () => {
  const pods = [pod('a', {}), pod('b', {})];
  expect(podsToDelete(pods, [], 5, now)).toEqual(pods);
});
