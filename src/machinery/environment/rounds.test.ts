import { expect, test } from 'vitest';
import { Rounds } from './rounds.ts';
import { VirtualEnvironment } from './virtual.ts';

test('rounds follow each other, also after one that failed, until they are stopped', async () => {
  const environment = new VirtualEnvironment(1);
  const told: string[] = [];
  let count = 0;
  const rounds = new Rounds({
    environment,
    intervalMs: 100,
    round: async () => {
      const round = ++count;
      await environment.sleep(50);
      if (round === 1) throw new Error('first');
      told.push(`round ${round} at ${environment.monotonic() - start}`);
    },
    failed: (error) => void told.push(`failed: ${(error as Error).message}`),
  });
  const start = environment.monotonic();
  rounds.start();
  await environment.advance(320);
  expect(told).toEqual(['failed: first', 'round 2 at 300']);
  await environment.advance(100);
  rounds.stop();
  await environment.advance(1000);
  expect(told).toEqual(['failed: first', 'round 2 at 300', 'round 3 at 450']);
});

test('rounds that were stopped before they began do not begin', async () => {
  const environment = new VirtualEnvironment(1);
  let count = 0;
  const rounds = new Rounds({ environment, intervalMs: 100, round: async () => void count++, failed: () => undefined });
  rounds.stop();
  rounds.start();
  await environment.advance(1000);
  expect(count).toBe(0);
});
