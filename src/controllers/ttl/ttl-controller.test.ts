import { expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { ttlController } from './ttl-controller.ts';

test('the more nodes there are, the longer they may keep what they have read', async () => {
  const world = await ControllerWorld.make();
  world.start(ttlController);
  const name = (index: number) => `node-${index}`;
  const grow = async (from: number, to: number) => {
    for (let index = from; index < to; index++) await world.client.create(nodes, { metadata: { name: name(index) } });
    await world.advance(1_000);
  };
  const ttlOf = async (index: number) =>
    (await world.client.get(nodes, { name: name(index) })).metadata.annotations?.['node.alpha.kubernetes.io/ttl'];
  await grow(0, 100);
  expect(await ttlOf(99)).toBe('0');
  await grow(100, 101);
  expect(await ttlOf(100)).toBe('15');
  await world.client.delete(nodes, { name: name(50) });
  await grow(101, 102);
  expect(await ttlOf(101)).toBe('15');
  for (let index = 0; index < 20; index++) if (index !== 50) await world.client.delete(nodes, { name: name(index) });
  await grow(102, 103);
  expect(await ttlOf(102)).toBe('0');
  await world.stop();
});
