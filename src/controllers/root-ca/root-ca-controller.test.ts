import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { configMaps, namespaces } from '../../resources/schema/resource-types.generated.ts';
import { rootCaController } from './root-ca-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start((context) => rootCaController(context, { certificates: 'PEM' }));
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'kube-root-ca.crt' };
const data = async () => (await world.client.get(configMaps, key)).data;

test('every namespace has the certificates, whatever is done to them', async () => {
  await world.environment.settle();
  expect(await data()).toEqual({ 'ca.crt': 'PEM' });
  const current = await world.client.get(configMaps, key);
  await world.client.update(configMaps, { ...current, data: { 'ca.crt': 'forged' } });
  await world.environment.settle();
  expect(await data()).toEqual({ 'ca.crt': 'PEM' });
  await world.client.delete(configMaps, key);
  await world.environment.settle();
  expect(await data()).toEqual({ 'ca.crt': 'PEM' });
  await world.client.create(namespaces, { metadata: { name: 'other' } });
  await world.environment.settle();
  expect((await world.client.get(configMaps, { ...key, namespace: 'other' })).data).toEqual({ 'ca.crt': 'PEM' });
});
