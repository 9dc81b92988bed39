import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { EvictionQueue } from './eviction-queue.ts';

test('one node goes at once, the next when it is time, in their order', async () => {
  const environment = new VirtualEnvironment(1);
  const queue = new EvictionQueue(environment, 0.1);
  expect(queue.waitMs).toBeUndefined();
  for (const node of ['a', 'b', 'a', 'c']) queue.add(node);
  expect(queue.take()).toBe('a');
  expect(queue.take()).toBeUndefined();
  expect(queue.waitMs).toBe(10_000);
  queue.remove('b');
  await environment.advance(10_000);
  expect(queue.take()).toBe('c');
  await environment.advance(60_000);
  queue.add('d');
  queue.add('e');
  expect([queue.take(), queue.take()]).toEqual(['d', undefined]);
});

test('a new rate holds at once, and lets nobody through who had to wait', async () => {
  const environment = new VirtualEnvironment(1);
  const queue = new EvictionQueue(environment, 0.1);
  for (const node of ['a', 'b', 'c']) queue.add(node);
  expect(queue.take()).toBe('a');
  queue.setRate(0);
  await environment.advance(3_600_000);
  expect(queue.take()).toBeUndefined();
  expect(queue.waitMs).toBeUndefined();
  queue.setRate(0.01);
  expect(queue.take()).toBeUndefined();
  await environment.advance(100_000);
  expect([queue.take(), queue.take()]).toEqual(['b', undefined]);
});
