import { expect, test } from 'vitest';
import { FakeClient, statusError } from '../../../test/support/fake-client.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import type { Informer } from '../informer.ts';
import { createInformerFactory } from './informer-factory.ts';

function world(options: { streamInitialState?: boolean } = {}) {
  const environment = new VirtualEnvironment(1);
  const fake = new FakeClient(environment);
  const factory = createInformerFactory({ client: fake.client, environment, logger: silentLogger, ...options });
  return { environment, fake, factory };
}

function configMap(name: string, data: Record<string, string> = {}, namespace = 'default'): ConfigMap {
  return { metadata: { name, namespace, labels: { color: data['color'] ?? 'none' } }, data };
}

/** Every call of a handler as a line. */
function recorded(informer: Informer<ConfigMap>): string[] {
  const lines: string[] = [];
  const show = (object: ConfigMap) => `${object.metadata.name}=${object.data?.['color'] ?? ''}`;
  informer.addHandler({
    added: (object) => lines.push(`+${show(object)}`),
    updated: (object, old) => lines.push(`${show(old)} -> ${show(object)}`),
    deleted: (object) => lines.push(`-${show(object)}`),
  });
  return lines;
}

test.each([false, true])(
  'tells of what is there and of every change, in order (streamed: %s)',
  async (streamInitialState) => {
    const { environment, fake, factory } = world({ streamInitialState });
    await fake.create(configMaps, configMap('a', { color: 'red' }));
    const informer = factory.informer(configMaps);
    const lines = recorded(informer);
    expect(informer.hasSynced).toBe(false);
    await environment.settle();
    expect(informer.hasSynced).toBe(true);
    await fake.create(configMaps, configMap('b'));
    await fake.patch(
      configMaps,
      { namespace: 'default', name: 'a' },
      { type: 'merge', body: { data: { color: 'blue' } } },
    );
    await fake.delete(configMaps, { namespace: 'default', name: 'b' });
    await environment.settle();
    expect(lines).toEqual(['+a=red', '+b=', 'a=red -> a=blue', '-b=']);
    expect([...informer.list('default')].map((each) => each.metadata.name)).toEqual(['a']);
    expect(informer.get('a', 'default')?.data).toEqual({ color: 'blue' });
    await factory.stop();
    expect(fake.openWatches).toBe(0);
  },
);

test('a handler that comes late is told of everything that is there', async () => {
  const { environment, fake, factory } = world();
  await fake.create(configMaps, configMap('a'));
  const informer = factory.informer(configMaps);
  await environment.settle();
  const lines = recorded(informer);
  expect(lines).toEqual(['+a=']);
  await factory.stop();
});

test('resumes where it was when a watch ends, without listing again', async () => {
  const { environment, fake, factory } = world();
  const informer = factory.informer(configMaps);
  const lines = recorded(informer);
  await environment.advance(5_000);
  fake.disconnect();
  await fake.create(configMaps, configMap('a'));
  await environment.advance(5_000);
  expect(lines).toEqual(['+a=']);
  expect(fake.actions.filter((action) => action.verb === 'list')).toHaveLength(1);
  await factory.stop();
});

test('lists again when history is gone, and tells of what it missed', async () => {
  const { environment, fake, factory } = world();
  await fake.create(configMaps, configMap('stays'));
  await fake.create(configMaps, configMap('goes'));
  await fake.create(configMaps, configMap('returns', { color: 'old' }));
  const informer = factory.informer(configMaps);
  const lines = recorded(informer);
  await environment.settle();
  lines.length = 0;
  fake.setDown(true);
  await environment.advance(10_000);
  fake.setDown(false);
  const key = (name: string) => ({ namespace: 'default', name });
  await fake.delete(configMaps, key('goes'));
  await fake.delete(configMaps, key('returns'));
  await fake.create(configMaps, configMap('returns', { color: 'new' }));
  fake.compact();
  await environment.advance(120_000);
  // An object of the same name with another uid is another object.
  expect(lines).toEqual(['-returns=old', '+returns=new', '-goes=']);
  expect(informer.size).toBe(2);
  await factory.stop();
});

test('waits longer after each failure', async () => {
  const { environment, fake, factory } = world();
  fake.setDown(true);
  factory.informer(configMaps);
  const attempts = () => fake.actions.filter((action) => action.verb === 'list').length;
  await environment.advance(1_000_000);
  // 0.8 s doubling to 30 s, each drawn up to twice as long: about 1,000 s / 45 s.
  expect(attempts()).toBeGreaterThan(15);
  expect(attempts()).toBeLessThan(40);
  fake.setDown(false);
  await environment.advance(60_000);
  await factory.synced();
  await factory.stop();
});

test('falls back to lists when the server knows no initial events', async () => {
  const { environment, fake, factory } = world({ streamInitialState: true });
  fake.failNext('watch', configMaps, statusError('Invalid', 422, 'sendInitialEvents is forbidden for watch'));
  const informer = factory.informer(configMaps);
  await environment.advance(2_000);
  expect(informer.hasSynced).toBe(true);
  expect(fake.actions.map((action) => action.verb)).toEqual(['watch', 'list', 'watch']);
  await factory.stop();
});

test('reads a long list page by page, and at once when the pages expire', async () => {
  const { environment, fake, factory } = world();
  for (let each = 0; each < 1_200; each++) await fake.create(configMaps, configMap(`c${each}`));
  const informer = factory.informer(configMaps);
  await environment.settle();
  expect(informer.size).toBe(1_200);
  expect(fake.actions.filter((action) => action.verb === 'list')).toHaveLength(3);

  const original = fake.list.bind(fake);
  fake.list = async (type, options = {}) => {
    if (options.continue !== undefined) throw statusError('Expired', 410, 'The provided continue parameter is too old');
    return original(type, options);
  };
  const other = factory.informer(configMaps, { namespace: 'default' });
  await environment.settle();
  expect(other.size).toBe(1_200);
  await factory.stop();
});

test('keeps projections and indexes, and shares one informer among those who want the same', async () => {
  const { environment, fake, factory } = world();
  await fake.create(configMaps, configMap('a', { color: 'red', rest: 'x'.repeat(1_000) }));
  const projection = (object: ConfigMap): ConfigMap => ({
    metadata: object.metadata,
    data: { color: object.data?.['color'] ?? '' },
  });
  const byColor = (object: ConfigMap) => [object.data?.['color'] ?? ''];
  const first = factory.informer(configMaps, { projection });
  await environment.settle();
  const second = factory.informer(configMaps, { projection, indexes: { color: byColor } });
  expect(second).toBe(first);
  expect(factory.informer(configMaps)).not.toBe(first);
  const names = (color: string) => [...first.byIndex('color', color)].map((each) => each.metadata.name);
  expect(names('red')).toEqual(['a']);
  expect(first.get('a', 'default')?.data).toEqual({ color: 'red' });
  await fake.patch(
    configMaps,
    { namespace: 'default', name: 'a' },
    { type: 'merge', body: { data: { color: 'blue' } } },
  );
  await environment.settle();
  expect(names('red')).toEqual([]);
  expect(names('blue')).toEqual(['a']);
  expect(() => factory.informer(configMaps, { projection, indexes: { color: () => [] } })).toThrow(/two different/);
  await factory.stop();
});

test('a handler that throws does not disturb the others', async () => {
  const { environment, fake, factory } = world();
  const informer = factory.informer(configMaps);
  informer.addHandler({
    added: () => {
      throw new Error('broken handler');
    },
  });
  const lines = recorded(informer);
  await fake.create(configMaps, configMap('a'));
  await environment.settle();
  expect(lines).toEqual(['+a=']);
  await factory.stop();
});

test('stopping before the first list ends whoever waits for it', async () => {
  const { environment, fake, factory } = world();
  fake.setDown(true);
  const informer = factory.informer(configMaps);
  const waiting = expect(informer.synced()).rejects.toThrow(/was stopped/);
  const deadline = new AbortController();
  const other = expect(informer.synced(deadline.signal)).rejects.toThrow('enough');
  deadline.abort(new Error('enough'));
  await factory.stop();
  await Promise.all([waiting, other]);
  await environment.advance(60_000);
  expect(fake.actions).toHaveLength(1);
  expect(() => factory.informer(configMaps)).toThrow(/after the factory was stopped/);
});

test('an informer that is released ends, and the next who asks gets a new one', async () => {
  const { environment, fake, factory } = world();
  const informer = factory.informer(configMaps);
  const lines = recorded(informer);
  await environment.settle();
  factory.release(informer);
  await fake.create(configMaps, configMap('a', { color: 'red' }));
  await environment.settle();
  expect(lines).toEqual([]);
  const another = factory.informer(configMaps);
  await another.synced();
  expect([another === informer, another.size]).toEqual([false, 1]);
  await factory.stop();
});
