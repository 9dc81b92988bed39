import { expect, test } from 'vitest';
import { PullSlots } from './pull-slots.ts';

const never = new AbortController().signal;

test('so many at a time, the others in their order; a failure frees its place', async () => {
  const slots = new PullSlots(2);
  const begun: number[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const runs = [0, 1, 2, 3].map((number) =>
    slots.run(() => {
      begun.push(number);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ends.push({ resolve, reject });
      return promise;
    }, never),
  );
  expect(begun).toEqual([0, 1]);
  ends[1]?.reject(new Error('no'));
  await expect(runs[1]).rejects.toThrow('no');
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.resolve();
  await runs[0];
  expect(begun).toEqual([0, 1, 2, 3]);
});

test('who gives up waiting is not served', async () => {
  const slots = new PullSlots(1);
  const first = Promise.withResolvers<void>();
  const running = slots.run(() => first.promise, never);
  const abort = new AbortController();
  const waiting = slots.run(async () => 'second', abort.signal);
  const third = slots.run(async () => 'third', never);
  abort.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  first.resolve();
  await running;
  expect(await third).toBe('third');
});
