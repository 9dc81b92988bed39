import { expect, test } from 'vitest';
import { FairShare } from './fair-share.ts';

/** How many of so many things at once each client may do; they end together. */
async function admitted(share: FairShare, wishes: readonly (readonly [client: string, count: number])[]) {
  const { promise: end, resolve } = Promise.withResolvers<true>();
  const running = wishes.map(([client, count]) =>
    Promise.all(Array.from({ length: count }, () => share.run(client, () => end))),
  );
  resolve(true);
  return (await Promise.all(running)).map((each) => each.filter((done) => done === true).length);
}

test.each([
  ['one alone gets half', [['a', 100]], [50]],
  [
    'one that comes later gets half of what is left, at the least',
    [
      ['a', 100],
      ['b', 100],
    ],
    [50, 25],
  ],
  [
    'whoever wants little gets it',
    [
      ['a', 100],
      ['b', 3],
      ['c', 2],
    ],
    [50, 3, 2],
  ],
] as const)('%s', async (_, wishes, expected) => {
  expect(await admitted(new FairShare(100), wishes)).toEqual(expected);
});

test('two that want the same get the same', async () => {
  const wishes = Array.from({ length: 200 }, (_, at) => [at % 2 === 0 ? 'a' : 'b', 1] as const);
  const counts = await admitted(new FairShare(99), wishes);
  const sum = (first: number) => counts.reduce((all, count, at) => all + (at % 2 === first ? count : 0), 0);
  expect([sum(0), sum(1)]).toEqual([33, 33]);
});

test('what has ended, be it with a failure, makes room again', async () => {
  const share = new FairShare(2);
  const failing = share.run('a', () => Promise.reject(new Error('no answer')));
  expect(await share.run('a', async () => 1)).toBeUndefined();
  await expect(failing).rejects.toThrow('no answer');
  expect(await share.run('a', async () => 1)).toBe(1);
});
