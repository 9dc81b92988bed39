import { expect, test } from 'vitest';
import { defaultEviction } from './eviction-config.ts';
import { amountIn, keptFree, thresholdsOf } from './thresholds.ts';

const unknown: object = { 'disk.available': '1Gi' };
const none = { ...defaultEviction, hard: {} };

test('the defaults are those of a kubelet, and hold for the memory of all pods, too', () => {
  const texts = thresholdsOf(defaultEviction).map(
    ({ signal, amount }) => `${signal}<${amountIn(amount, 1000 * 2 ** 20)}`,
  );
  expect(texts).toEqual([
    'memory.available<104857600',
    'allocatableMemory.available<104857600',
    'nodefs.available<104857600',
    'nodefs.inodesFree<52428800',
    'imagefs.available<157286400',
    'imagefs.inodesFree<52428800',
    'pid.available<52428800',
  ]);
});

test.each([
  ['nothing', '0', 0],
  ['no share', '0%', 0],
  ['all', '100%', 0],
  ['a part', '12.5%', 1],
])('%s', (_, text, count) => {
  expect(thresholdsOf({ ...none, hard: { 'nodefs.available': text } })).toHaveLength(count);
});

test.each([
  [{ hard: { 'nodefs.available': '101%' } }, 'must be >= 0% and <= 100%: 101%'],
  [{ hard: { 'nodefs.available': '-1Gi' } }, 'eviction threshold nodefs.available must be positive: -1Gi'],
  [{ hard: { 'nodefs.available': 'much' } }, 'the eviction threshold nodefs.available is no quantity: much'],
  [
    { soft: { 'memory.available': '1Gi' } },
    'grace period must be specified for the soft eviction threshold memory.available',
  ],
  [{ hard: unknown }, 'unknown eviction signal: disk.available'],
])('refuses %j', (part, words) => {
  expect(() => thresholdsOf({ ...none, ...part })).toThrow(words);
});

test('what is kept free is taken from what pods are placed by', () => {
  expect(keptFree(defaultEviction, 'nodefs.available', 1000)).toBe(100);
  expect(keptFree(none, 'nodefs.available', 1000)).toBe(0);
});
