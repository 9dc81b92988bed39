import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { namespaces, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { serviceAccountController } from './service-account-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(serviceAccountController);
});
afterEach(() => world.stop());

const accounts = async () =>
  (await world.list(serviceAccounts)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

test('every namespace has the account default, also after it was deleted', async () => {
  await world.environment.settle();
  expect(await accounts()).toEqual(['shop/default']);
  await world.client.create(namespaces, { metadata: { name: 'other' } });
  await world.environment.settle();
  expect(await accounts()).toEqual(['other/default', 'shop/default']);
  await world.client.delete(serviceAccounts, { namespace: 'shop', name: 'default' });
  await world.environment.settle();
  expect(await accounts()).toEqual(['other/default', 'shop/default']);
});

test('a namespace that is going away gets none', async () => {
  await world.environment.settle();
  await world.client.delete(namespaces, { name: 'shop' });
  await world.client.delete(serviceAccounts, { namespace: 'shop', name: 'default' });
  await world.advance(60_000);
  expect(await accounts()).toEqual([]);
});
