import { expect, test } from 'vitest';
import { evictingTaints, evictionTime, planEviction } from './decide-eviction.ts';

const taint = (key: string, value = '') => ({ key, value, effect: 'NoExecute' });
const forever = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute' });
const seconds = (key: string, tolerationSeconds: number) => ({ ...forever(key), tolerationSeconds });

test('a pod leaves at once, after the shortest toleration that counts, or never', () => {
  expect(evictionTime([], [])).toEqual({ type: 'never' });
  expect(evictionTime([taint('a')], [])).toEqual({ type: 'now' });
  expect(evictionTime([taint('a'), taint('b')], [forever('a')])).toEqual({ type: 'now' });
  expect(evictionTime([taint('a')], [forever('a'), seconds('b', 1)])).toEqual({ type: 'never' });
  expect(evictionTime([taint('a'), taint('b')], [seconds('a', 60), seconds('b', 20)])).toEqual({
    type: 'after',
    ms: 20_000,
  });
  expect(evictionTime([taint('a')], [seconds('a', 0)])).toEqual({ type: 'now' });
  expect(evictionTime([taint('a')], [seconds('a', -1)])).toEqual({ type: 'now' });
  expect(evictionTime([taint('a', 'x')], [{ key: 'a', operator: 'Equal', value: 'y' }])).toEqual({ type: 'now' });
});

test('time runs from the first taint', () => {
  const first = planEviction({ type: 'after', ms: 300 }, undefined, 1_000);
  expect(first).toEqual({ sinceMs: 1_000, atMs: 1_300 });
  expect(planEviction({ type: 'after', ms: 300 }, first, 1_200)).toEqual(first);
  expect(planEviction({ type: 'after', ms: 100 }, first, 1_200)).toEqual({ sinceMs: 1_000, atMs: 1_100 });
  expect(planEviction({ type: 'now' }, first, 1_200)).toEqual({ sinceMs: 1_000, atMs: 1_200 });
  expect(planEviction({ type: 'never' }, first, 1_200)).toBeUndefined();
});

test('only NoExecute makes pods leave', () => {
  expect(evictingTaints([{ key: 'a', effect: 'NoSchedule' }, taint('b')])).toEqual([taint('b')]);
  expect(evictingTaints(undefined)).toEqual([]);
});
