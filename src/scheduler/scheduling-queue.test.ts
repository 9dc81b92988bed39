import { expect, test } from 'vitest';
import { pod } from '../../test/support/scheduling.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

function makeQueue() {
  const environment = new VirtualEnvironment(1);
  const gate = (each: ReturnType<typeof pod>) => (each.spec?.schedulingGates?.length ? 'gated' : undefined);
  const queue = new SchedulingQueue(environment, gate, () => {});
  const popName = () => queue.pop()?.info.pod.metadata.name;
  return { environment, queue, popName };
}

test('the most important goes first, then the oldest', async () => {
  const { environment, queue, popName } = makeQueue();
  for (const [name, priority] of [
    ['old', 0],
    ['urgent', 5],
    ['new', 0],
  ] as const) {
    queue.add(pod(name, { spec: { priority } }));
    await environment.advance(1);
  }
  expect([popName(), popName(), popName(), popName()]).toEqual(['urgent', 'old', 'new', undefined]);
});

test('a pod that did not fit waits for an event that matters, and for its back-off', async () => {
  const { environment, queue, popName } = makeQueue();
  queue.add(pod('p'));
  const queued = queue.pop();
  if (queued === undefined) throw new Error('nothing was queued');
  queue.giveBack(queued, new Set(['NodeAdded']));
  queue.moved('PodDeleted');
  await environment.advance(2_000);
  expect(popName()).toBeUndefined();
  queue.moved('NodeAdded');
  expect(popName()).toBe('p');
});

test('back-off doubles up to ten seconds', async () => {
  const { environment, queue } = makeQueue();
  queue.add(pod('p'));
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    const queued = queue.pop();
    if (queued === undefined) throw new Error('nothing was queued');
    const from = environment.monotonic();
    queue.giveBack(queued, undefined);
    while (queue.count('active') === 0) await environment.advance(100);
    waits.push(environment.monotonic() - from);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('what happened while a pod was being tried is not lost', () => {
  const { queue } = makeQueue();
  queue.add(pod('p'));
  const queued = queue.pop();
  if (queued === undefined) throw new Error('nothing was queued');
  queue.moved('NodeAdded');
  queue.giveBack(queued, new Set(['NodeAdded']));
  expect(queued.place).toBe('backOff');
});

test('a pod that nothing wakes is tried again after five minutes', async () => {
  const { environment, queue, popName } = makeQueue();
  queue.add(pod('p'));
  const queued = queue.pop();
  if (queued === undefined) throw new Error('nothing was queued');
  queue.giveBack(queued, new Set(['NodeAdded']));
  await environment.advance(299_000);
  expect(popName()).toBeUndefined();
  await environment.advance(31_000);
  expect(popName()).toBe('p');
});

test('gates hold a pod back until they are gone', () => {
  const { queue, popName } = makeQueue();
  expect(queue.add(pod('p', { spec: { schedulingGates: [{ name: 'wait' }] } }))).toBe('gated');
  expect(popName()).toBeUndefined();
  expect(queue.update(pod('p'))).toBeUndefined();
  expect(popName()).toBe('p');
});

test('a deleted pod is not tried', () => {
  const { queue, popName } = makeQueue();
  queue.add(pod('p'));
  queue.delete(pod('p'));
  expect(popName()).toBeUndefined();
});
