import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../test/support/node-world.ts';
import { configMaps } from '../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
afterEach(async () => {
  await world.close();
  expect(world.api.openWatches).toBe(0);
});

const settings = { namespace: 'default', name: 'settings' };

test('a node of its own follows each object while a pod refers to it', async () => {
  world = await NodeWorld.start({ ownSources: true });
  const watches = world.api.openWatches;
  const pod = (name: string) =>
    world.createPod(name, {
      volumes: [{ name: 'data', configMap: { name: 'settings' } }],
      containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    });
  await pod('one');
  await pod('two');
  await world.advance(1);
  expect(await world.containerState('one', 'main')).toBe('waiting ContainerCreating');
  expect(world.api.openWatches).toBe(watches + 1);
  await world.api.create(configMaps, { metadata: settings, data: { color: 'red' } });
  await world.advance(1);
  expect(await world.readInContainer('one', 'main', '/data/color')).toBe('red');
  await world.api.patch(configMaps, settings, { type: 'merge', body: { data: { color: 'blue' } } });
  await world.advance(1);
  expect(await world.readInContainer('two', 'main', '/data/color')).toBe('blue');
  await world.deletePod('one');
  await world.advance(5);
  expect(world.api.openWatches).toBe(watches + 1);
  await world.deletePod('two');
  await world.advance(5);
  expect(world.api.openWatches).toBe(watches);
});

test('an agent that starts while the server is away begins its work when it is there', async () => {
  world = new NodeWorld({ ownSources: true });
  world.api.setDown(true);
  await world.startAgent();
  await world.advance(60);
  world.api.setDown(false);
  await world.advance(60);
  expect((await world.node()).status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('ready');
});
