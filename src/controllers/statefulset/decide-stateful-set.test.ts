import { expect, test } from 'vitest';
import type { StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { decideStatefulSet } from './decide-stateful-set.ts';

function parallelSet(replicas: number, maxUnavailable: number, partition: number): StatefulSet {
  return {
    metadata: { name: 'db' },
    spec: {
      replicas,
      selector: {},
      template: {},
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, partition } },
    },
  };
}

/** `A` is available, `U` unready, `P` pending, `T` terminating; of the new revision in small letters. */
function pod(state: string, ordinal: number): Pod {
  const kind = state.toUpperCase();
  const revision = state === kind ? 'old' : 'new';
  return {
    metadata: {
      name: `db-${ordinal}`,
      labels: { 'controller-revision-hash': revision },
      ...(kind === 'T' && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    status: {
      phase: kind === 'P' ? 'Pending' : 'Running',
      conditions: [{ type: 'Ready', status: kind === 'A' || kind === 'T' ? 'True' : 'False' }],
    },
  };
}

/** Each line as a real Kubernetes does it: the pods of a set, those that it deletes. */
test.each([
  ['AAA', 1, 0, '..x'],
  ['AAAAA', 2, 0, '...xx'],
  ['AAA', 3, 1, '.xx'],
  ['AUAT', 2, 0, '.x..'],
  ['PAPPP', 1, 0, 'x.xxx'],
  ['UPA', 1, 0, 'xx.'],
  ['UAA', 2, 0, 'x.x'],
  ['ATAPA', 1, 0, '...x.'],
  ['AUATA', 2, 1, '.x...'],
  ['PPA', 2, 1, '.x.'],
  ['TAUA', 3, 0, '..xx'],
  ['TTAAA', 2, 0, '.....'],
  ['AAu', 1, 0, '...'],
  ['AAa', 1, 0, '.x.'],
])('of %s with %i unavailable at most, from ordinal %i on, goes %s', (states, most, partition, expected) => {
  const pods = [...states].map(pod);
  const actions = decideStatefulSet({
    set: parallelSet(states.length, most, partition),
    currentRevision: 'old',
    updateRevision: 'new',
    collisionCount: 0,
    pods,
    claimIsLeaving: () => false,
    now: 0,
  });
  const deleted = new Set(actions.flatMap((action) => (action.type === 'delete' ? [action.pod] : [])));
  expect(pods.map((each) => (deleted.has(each) ? 'x' : '.')).join('')).toBe(expected);
});
