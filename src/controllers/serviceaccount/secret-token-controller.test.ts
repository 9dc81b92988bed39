import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { secretTokenController } from './secret-token-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start((context) =>
    secretTokenController(context, {
      certificates: 'PEM',
      sign: ({ namespace, secretName, account }) => `${namespace}/${secretName}/${account.name}`,
    }),
  );
});
afterEach(() => world.stop());

const account = { namespace: 'shop', name: 'robot' };

async function createSecret(name: string, annotations: Record<string, string> = {}): Promise<void> {
  await world.client.create(secrets, {
    metadata: {
      namespace: 'shop',
      name,
      annotations: { 'kubernetes.io/service-account.name': 'robot', ...annotations },
    },
    type: 'kubernetes.io/service-account-token',
  });
  await world.advance(1_000);
}

async function contentOf(name: string): Promise<Record<string, string>> {
  const { data = {} } = await world.client.get(secrets, { namespace: 'shop', name });
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

test('a secret made for an account gets a token of it, and keeps it', async () => {
  const { metadata } = await world.client.create(serviceAccounts, { metadata: account });
  await createSecret('token');
  const content = { 'ca.crt': 'PEM', namespace: 'shop', token: 'shop/token/robot' };
  expect(await contentOf('token')).toEqual(content);
  const secret = await world.client.get(secrets, { namespace: 'shop', name: 'token' });
  expect(secret.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(metadata.uid);
  const damaged = { data: { 'ca.crt': 'eA==', token: null } };
  await world.client.patch(secrets, { namespace: 'shop', name: 'token' }, { type: 'merge', body: damaged });
  await world.advance(1_000);
  expect(await contentOf('token')).toEqual(content);
});

test('a secret goes with its account, and at once where there is none or another of the name', async () => {
  await createSecret('early');
  await world.client.create(serviceAccounts, { metadata: account });
  await createSecret('token');
  await createSecret('foreign', { 'kubernetes.io/service-account.uid': 'another' });
  await world.client.create(secrets, { metadata: { namespace: 'shop', name: 'other' } });
  expect(await world.names(secrets)).toEqual(['other', 'token']);
  await world.client.delete(serviceAccounts, account);
  await world.advance(1_000);
  expect(await world.names(secrets)).toEqual(['other']);
});
