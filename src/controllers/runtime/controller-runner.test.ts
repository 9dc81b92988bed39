import { expect, test } from 'vitest';
import { FakeClient, statusError } from '../../../test/support/fake-client.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { type ControllerEngine, type ReconcileResult, watching } from './controller.ts';
import { ControllerRunner, type ControllerRunnerOptions } from './controller-runner.ts';
import { ownKey } from './object-keys.ts';

function world(
  reconcile: (key: string, nowMs: number, signal: AbortSignal) => Promise<ReconcileResult>,
  options: Partial<ControllerRunnerOptions> & { concurrency?: number } = {},
) {
  const environment = new VirtualEnvironment(1);
  const fake = new FakeClient(environment);
  const informers = createInformerFactory({ client: fake.client, environment, logger: silentLogger });
  const seen: string[] = [];
  const start = () =>
    new ControllerRunner(
      {
        name: 'test',
        concurrency: options.concurrency,
        watches: [watching(informers.informer(configMaps), ownKey)],
        reconcile: (key, signal) => {
          seen.push(`${key}@${environment.monotonic()}`);
          return reconcile(key, environment.monotonic(), signal);
        },
      },
      { environment, logger: silentLogger, metrics: silentMetrics, ...options },
    );
  const create = (name: string) => fake.create(configMaps, { metadata: { name, namespace: 'ns' } });
  return { environment, fake, informers, seen, start, create };
}

test('reconciles what is there and what changes', async () => {
  const { environment, informers, seen, start, create } = world(async () => undefined);
  await create('a');
  const runner = start();
  await environment.settle();
  await create('b');
  await environment.settle();
  expect(seen).toEqual(['ns/a@0', 'ns/b@0']);
  expect(runner.idle).toBe(true);
  await runner.stop();
  await informers.stop();
});

test('waits for its caches', async () => {
  const { environment, fake, informers, seen, start, create } = world(async () => undefined);
  await create('a');
  fake.setDown(true);
  const runner = start();
  await environment.advance(500);
  fake.setDown(false);
  await environment.advance(10_000);
  expect(seen).toHaveLength(1);
  expect(seen).not.toContain('ns/a@0');
  await runner.stop();
  await informers.stop();
});

test('retries what fails after growing delays, and looks again when asked to', async () => {
  let failures = 3;
  const { environment, informers, seen, start, create } = world(async (_, nowMs) => {
    if (failures-- > 0) throw statusError('InternalError', 500, 'etcd is away');
    return nowMs < 1_000 ? { requeueAfterMs: 1_000 } : undefined;
  });
  await create('a');
  const runner = start();
  await environment.advance(60_000);
  expect(seen).toEqual(['ns/a@0', 'ns/a@5', 'ns/a@15', 'ns/a@35', 'ns/a@1035']);
  await runner.stop();
  await informers.stop();
});

test('gives up in a namespace that is going away, and waits as long as a busy server says', async () => {
  const terminating = new StatusError({
    message: 'ns is being terminated',
    reason: 'Forbidden',
    code: 403,
    details: { causes: [{ reason: 'NamespaceTerminating', message: 'namespace ns is being terminated' }] },
  });
  const busy = new StatusError({
    message: 'too many requests',
    reason: 'TooManyRequests',
    code: 429,
    details: { retryAfterSeconds: 7 },
  });
  const errors = [busy, terminating];
  const { environment, informers, seen, start, create } = world(async () => {
    throw errors.shift();
  });
  await create('a');
  const runner = start();
  await environment.advance(60_000);
  expect(seen).toEqual(['ns/a@0', 'ns/a@7000']);
  await runner.stop();
  await informers.stop();
});

test('works on one key once at a time, and on as many keys as it may', async () => {
  let running = 0;
  let most = 0;
  const perKey = new Map<string, number>();
  const { environment, informers, seen, start, create, fake } = world(
    async (key) => {
      running += 1;
      most = Math.max(most, running);
      perKey.set(key, (perKey.get(key) ?? 0) + 1);
      expect(perKey.get(key)).toBe(1);
      await environment.sleep(100);
      perKey.set(key, 0);
      running -= 1;
      return undefined;
    },
    { concurrency: 3 },
  );
  for (let each = 0; each < 10; each++) await create(`c${each}`);
  const runner = start();
  await environment.advance(50);
  await fake.patch(configMaps, { namespace: 'ns', name: 'c0' }, { type: 'merge', body: { data: { a: 'b' } } });
  await environment.advance(1_000);
  expect(most).toBe(3);
  expect(seen).toHaveLength(11);
  await runner.stop();
  await informers.stop();
});

test('a key rests as long as its reconcile asks for, and is looked at once for all that happens meanwhile', async () => {
  const { environment, fake, informers, seen, start, create } = world(async (key) =>
    key === 'ns/large' ? { restMs: 100 } : undefined,
  );
  await create('large');
  await create('small');
  const runner = start();
  await environment.advance(10);
  for (let change = 0; change < 5; change++) {
    for (const name of ['large', 'small']) {
      await fake.patch(
        configMaps,
        { namespace: 'ns', name },
        { type: 'merge', body: { data: { change: `${change}` } } },
      );
    }
    await environment.advance(10);
  }
  await environment.advance(1_000);
  expect(seen.filter((line) => line.startsWith('ns/large'))).toEqual(['ns/large@0', 'ns/large@100']);
  expect(seen.filter((line) => line.startsWith('ns/small'))).toHaveLength(6);
  await runner.stop();
  await informers.stop();
});

test('a full queue loses nothing', async () => {
  const { environment, informers, seen, start, create } = world(async () => undefined, { queueCapacity: 10 });
  for (let each = 0; each < 100; each++) await create(`c${each}`);
  const runner = start();
  await environment.settle();
  expect(new Set(seen).size).toBe(100);
  expect(runner.idle).toBe(true);
  await runner.stop();
  await informers.stop();
});

test('stopping aborts what runs, waits for it, and starts nothing more', async () => {
  let aborted = false;
  const { environment, informers, seen, start, create } = world(
    async (_key, _now, signal) => {
      await environment.sleep(1_000_000, signal).catch((error) => {
        aborted = true;
        throw error;
      });
      return undefined;
    },
    { concurrency: 1 },
  );
  await create('a');
  await create('b');
  const runner = start();
  await environment.settle();
  await runner.stop();
  expect(aborted).toBe(true);
  await create('c');
  await environment.advance(1_000_000);
  expect(seen).toEqual(['ns/a@0']);
  await informers.stop();
});

test('watches may come and go', async () => {
  const { environment, fake, informers } = world(async () => undefined);
  let engine: ControllerEngine | undefined;
  let followed = false;
  const seen: string[] = [];
  const runner = new ControllerRunner(
    {
      name: 'test',
      watches: [],
      follow(given) {
        engine = given;
        followed = true;
        return () => {
          followed = false;
        };
      },
      async reconcile(key) {
        seen.push(key);
        return undefined;
      },
    },
    { environment, logger: silentLogger, metrics: silentMetrics },
  );
  const end = engine?.attach(watching(informers.informer(configMaps), ownKey));
  await fake.create(configMaps, { metadata: { name: 'a', namespace: 'ns' } });
  engine?.enqueue('more');
  await environment.settle();
  expect(seen.sort()).toEqual(['more', 'ns/a']);
  end?.();
  await fake.create(configMaps, { metadata: { name: 'b', namespace: 'ns' } });
  await environment.settle();
  expect(seen).toHaveLength(2);
  await runner.stop();
  expect(followed).toBe(false);
  await informers.stop();
});
