import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import {
  growNew,
  maxSurge,
  maxUnavailable,
  newReplicaSetSize,
  shareOut,
  shrinkOld,
  sumReplicas,
} from './rolling-update.ts';

function deployment(replicas: number, surge: number | string, unavailable: number | string): Deployment {
  return {
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: {},
      template: {},
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
    },
  };
}

function replicaSet(name: string, replicas: number, available = replicas, max = 0): ReplicaSet {
  return {
    metadata: {
      name,
      creationTimestamp: `2026-01-01T00:00:0${name.length}Z`,
      annotations: { 'deployment.kubernetes.io/max-replicas': String(max) },
    },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available },
  };
}

test.each([
  [10, '25%', '25%', 3, 2],
  [1, '25%', '25%', 1, 0],
  [3, 0, '10%', 0, 1],
  [4, 0, 0, 0, 1],
  [5, 2, 9, 2, 5],
  [0, '50%', '50%', 0, 0],
])('of %i with surge %s and unavailable %s: %i more, %i fewer', (replicas, surge, unavailable, more, fewer) => {
  const each = deployment(replicas, surge, unavailable);
  expect([maxSurge(each), maxUnavailable(each)]).toEqual([more, fewer]);
});

test('a Deployment that recreates has no room for surge', () => {
  const recreating: Deployment = {
    ...deployment(4, 2, 2),
    spec: { ...deployment(4, 2, 2).spec, strategy: { type: 'Recreate' } },
  };
  expect([maxSurge(recreating), maxUnavailable(recreating), newReplicaSetSize(recreating, [], 0)]).toEqual([0, 0, 4]);
});

test('what is not available anyway goes first, the oldest first', () => {
  const old = [replicaSet('a', 4, 1), replicaSet('bb', 4, 4)];
  const scalings = shrinkOld(deployment(8, 0, 2), replicaSet('ccc', 0), old);
  expect(scalings.map(({ replicaSet: { metadata }, to }) => [metadata.name, to])).toEqual([['a', 2]]);
});

test('what can be spared of the rest goes in a step of its own', () => {
  const scalings = shrinkOld(deployment(6, 0, '50%'), replicaSet('bb', 0), [replicaSet('a', 6, 4)]);
  expect(scalings.map(({ replicaSet: { metadata }, to }) => [metadata.name, to])).toEqual([
    ['a', 4],
    ['a', 3],
  ]);
});

test('pods that are about to go are not counted on', () => {
  const old = [replicaSet('a', 6, 8)];
  const scalings = shrinkOld(deployment(7, '30%', 2), replicaSet('bb', 4, 0), old);
  expect(scalings.map(({ to }) => to)).toEqual([5]);
});

test('a ReplicaSet that is as large as it should be is left alone while paused', () => {
  const marked = replicaSet('a', 4);
  const annotations = { ...marked.metadata.annotations, 'deployment.kubernetes.io/desired-replicas': '4' };
  const there = { ...marked, metadata: { ...marked.metadata, annotations } };
  expect(shareOut(deployment(4, 2, 0), there, [])).toEqual([]);
  expect(shareOut(deployment(5, 2, 0), there, [])).toEqual([{ replicaSet: there, to: 5 }]);
});

/** Lets a rollout go on step by step; the pods of a step become available, or not, as `healthy` says. */
function roll(wanted: Deployment, sizes: readonly number[], healthy: () => boolean): void {
  let old = sizes.map((size, index) => replicaSet('o'.repeat(index + 1), size));
  let fresh = replicaSet('n'.repeat(9), newReplicaSetSize(wanted, old, 0), 0);
  const most = Math.max((wanted.spec.replicas ?? 0) + maxSurge(wanted), sumReplicas(old));
  const least = Math.min((wanted.spec.replicas ?? 0) - maxUnavailable(wanted), sumReplicas(old));
  for (let step = 0; step < 120; step++) {
    const growth = growNew(wanted, fresh, old);
    const scalings = growth === undefined ? shrinkOld(wanted, fresh, old) : [growth];
    const resize = (each: ReplicaSet): ReplicaSet => {
      const to = scalings.findLast((scaling) => scaling.replicaSet === each)?.to ?? each.spec.replicas ?? 0;
      const available = Math.min(to, each.status?.availableReplicas ?? 0);
      return replicaSet(each.metadata.name ?? '', to, available);
    };
    old = old.map(resize);
    fresh = resize(fresh);
    const available = [...old, fresh].reduce((sum, each) => sum + (each.status?.availableReplicas ?? 0), 0);
    expect(sumReplicas([...old, fresh])).toBeLessThanOrEqual(most);
    expect(available).toBeGreaterThanOrEqual(least);
    if (healthy()) fresh = replicaSet(fresh.metadata.name ?? '', fresh.spec.replicas ?? 0);
  }
  expect(sumReplicas(old)).toBe(0);
  expect(fresh.spec.replicas).toBe(wanted.spec.replicas);
}

const percentOrNumber = fc.oneof(
  fc.integer({ min: 0, max: 10 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);

test('every rollout keeps to its bounds and comes to its end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      percentOrNumber,
      percentOrNumber,
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 3 }),
      (replicas, surge, unavailable, sizes, every) => {
        let step = 0;
        roll(deployment(replicas, surge, unavailable), sizes, () => step++ % every === 0);
      },
    ),
    { numRuns: 150 },
  );
});

test('however a changed size is shared out, the parts make the whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 10 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 5 }),
      (replicas, surge, sizes) => {
        const before = sizes.reduce((sum, each) => sum + each, 0);
        const all = sizes.map((size, index) => replicaSet('o'.repeat(index + 1), size, size, before));
        const scalings = shareOut(deployment(replicas, surge, 1), all.at(-1), all.slice(0, -1));
        if (scalings.length < all.length) return;
        const beyond = scalings.reduce((sum, each) => sum + each.to, 0) - (replicas + surge);
        // What rounding leaves is the largest one's, and none can have fewer than no pods: then there are too many until the next look.
        if (scalings[0]?.to === 0) expect(beyond).toBeGreaterThanOrEqual(0);
        else expect(beyond).toBe(0);
        expect(Math.min(...scalings.map((each) => each.to))).toBeGreaterThanOrEqual(0);
      },
    ),
    { numRuns: 300, examples: [[2, 1, [4, 4, 4, 4, 4]]] },
  );
});
