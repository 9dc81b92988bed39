import { afterEach, beforeEach, expect, test } from 'vitest';
import { JoinWorld } from '../../../test/support/join-world.ts';
import { configMaps, secrets } from '../../resources/schema/resource-types.generated.ts';
import { createToken, deleteToken, listTokens } from './join-tokens.ts';

let world: JoinWorld;
beforeEach(async () => {
  world = await JoinWorld.make();
});
afterEach(() => world.stop());

const hourMs = 3600_000;
const signatures = async () =>
  Object.keys((await world.client.get(configMaps, { namespace: 'kube-public', name: 'cluster-info' })).data ?? {})
    .filter((key) => key.startsWith('jws-kubeconfig-'))
    .map((key) => key.slice('jws-kubeconfig-'.length));

test('a token signs cluster-info until it ends, and then is gone', async () => {
  const { client, environment } = world;
  const { token, expires } = await createToken(client, environment, { ttlMs: hourMs, description: 'for n1' });
  expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  expect(expires).toBe('2026-01-01T01:00:00Z');
  await environment.advance(1_000);
  expect(await signatures()).toEqual([token.slice(0, 6)]);
  expect(await listTokens(client, environment)).toEqual([
    {
      token,
      expires,
      remainingMs: hourMs - 1_000,
      usages: ['authentication', 'signing'],
      description: 'for n1',
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    },
  ]);
  await environment.advance(hourMs);
  expect(await listTokens(client, environment)).toEqual([]);
  expect((await client.list(secrets, { namespace: 'kube-system' })).items).toEqual([]);
  expect(await signatures()).toEqual([]);
});

test('a token without an end stays until it is deleted, by its id or the whole of it', async () => {
  const { client, environment } = world;
  const first = await createToken(client, environment, { ttlMs: 0 });
  const second = await createToken(client, environment, { ttlMs: 24 * hourMs });
  expect((await listTokens(client, environment)).map(({ token }) => token)).toEqual([second.token, first.token]);
  expect(first.expires).toBeUndefined();
  expect(await deleteToken(client, first.token)).toBe(first.token.slice(0, 6));
  expect(await deleteToken(client, second.token.slice(0, 6))).toBe(second.token.slice(0, 6));
  await environment.advance(1_000);
  expect(await signatures()).toEqual([]);
  await expect(deleteToken(client, 'abcdef')).rejects.toThrow('there is no token abcdef: see "stuurman token list"');
  await expect(deleteToken(client, 'no')).rejects.toThrow('"no" is neither a token nor the id of one');
});
