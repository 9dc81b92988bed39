import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentMetrics } from '../machinery/metrics.ts';
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts';

function world(options: Partial<WorkQueueOptions> = {}) {
  const environment = new VirtualEnvironment(1);
  const queue = new WorkQueue({ name: 'test', environment, metrics: silentMetrics, ...options });
  const taken: string[] = [];
  const takeForever = async () => {
    for (;;) {
      const key = await queue.take();
      if (key === undefined) return;
      taken.push(`${key}@${environment.monotonic()}`);
      queue.done(key);
    }
  };
  return { environment, queue, taken, takeForever };
}

test('hands out each key once, in order', async () => {
  const { environment, queue, taken, takeForever } = world();
  for (const key of ['a', 'b', 'a']) queue.add(key);
  expect(queue.length).toBe(2);
  void takeForever();
  await environment.settle();
  expect(taken).toEqual(['a@0', 'b@0']);
  expect(queue.idle).toBe(true);
});

test('a key that is added while it is worked on comes again, and never to two workers at once', async () => {
  const { environment, queue } = world();
  queue.add('a');
  expect(await queue.take()).toBe('a');
  queue.add('a');
  queue.add('a');
  let second: string | undefined;
  void queue.take().then((key) => {
    second = key;
  });
  await environment.settle();
  expect(second).toBeUndefined();
  queue.done('a');
  await environment.settle();
  expect(second).toBe('a');
  queue.done('a');
  expect(queue.idle).toBe(true);
});

test('of two delays the earlier counts', async () => {
  const { environment, queue, taken, takeForever } = world();
  void takeForever();
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 200);
  queue.addAfter('now', 0);
  await environment.advance(1_000);
  expect(taken).toEqual(['now@0', 'a@50']);
});

test('delays double with each failure up to the maximum, until the key is forgotten', async () => {
  const { environment, queue, taken, takeForever } = world({ baseDelayMs: 10, maximumDelayMs: 50 });
  void takeForever();
  for (let failure = 0; failure < 4; failure++) {
    queue.addRateLimited('a');
    await environment.advance(100);
  }
  expect(queue.failures('a')).toBe(4);
  queue.forget('a');
  queue.addRateLimited('a');
  await environment.advance(100);
  expect(taken).toEqual(['a@10', 'a@120', 'a@240', 'a@350', 'a@410']);
});

test('says no when it is full', () => {
  const { queue } = world({ capacity: 2 });
  expect([queue.add('a'), queue.addAfter('b', 5), queue.add('c'), queue.addAfter('d', 5), queue.add('a')]).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('shutting down lets takers go and keeps no timer', async () => {
  const { environment, queue, taken, takeForever } = world();
  const worker = takeForever();
  queue.addAfter('late', 10);
  queue.shutDown();
  await worker;
  await environment.advance(100);
  expect(taken).toEqual([]);
  expect(queue.add('a')).toBe(false);
  expect(await queue.take()).toBeUndefined();
});

test('measures depth and unfinished work under the names that Kubernetes uses', async () => {
  const values = new Map<string, number>();
  const family = (metric: { name: string }) => ({
    with: (...labels: readonly string[]) => {
      const key = `${metric.name}{${labels.join()}}`;
      const add = (amount = 1) => values.set(key, (values.get(key) ?? 0) + amount);
      return {
        add,
        set: (value: number) => values.set(key, value),
        observe: (value: number) => values.set(key, value),
      };
    },
  });
  const { environment, queue } = world({ metrics: { counter: family, gauge: family, histogram: family } });
  queue.add('a');
  queue.add('b');
  await environment.advance(2_000);
  await queue.take();
  await environment.advance(6_000);
  expect(values.get('workqueue_longest_running_processor_seconds{test}')).toBe(5);
  queue.done('a');
  expect(Object.fromEntries(values)).toMatchObject({
    'workqueue_adds_total{test}': 2,
    'workqueue_depth{test}': 1,
    'workqueue_queue_duration_seconds{test}': 2,
    'workqueue_work_duration_seconds{test}': 6,
  });
});
