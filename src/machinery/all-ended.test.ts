import { expect, test } from 'vitest';
import { allEnded } from './all-ended.ts';

test('answers what each has come to', async () => {
  expect(await allEnded([Promise.resolve(1), 'two'])).toEqual([1, 'two']);
});

test('rejects with the first failure in the order given, when the last has ended', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let rejected: unknown;
  const all = allEnded([promise, Promise.reject(new Error('one')), Promise.reject(new Error('other'))]);
  all.catch((error: unknown) => {
    rejected = error;
  });
  await new Promise((resolved) => setImmediate(resolved));
  expect(rejected).toBeUndefined();
  resolve();
  await expect(all).rejects.toThrow('one');
});
