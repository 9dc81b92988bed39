import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { secrets } from '../../resources/schema/resource-types.generated.ts';
import { BootstrapTokens } from './bootstrap-tokens.ts';

const token = 'abcdef.0123456789abcdef';
const audiences = ['https://api'];
const entries = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
};

function secret(data: Readonly<Record<string, string>>, more: Partial<Secret> = {}): Secret {
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)])),
    ...more,
  };
}

async function userOf(found: Secret, shown = token, asked = audiences) {
  const environment = virtualEnvironment(1);
  const reader = new FakeReader();
  reader.set(secrets, found);
  const tokens = new BootstrapTokens(reader, environment, audiences);
  return (await tokens.authenticateToken(shown, asked))?.user;
}

test('a token stands for a user of its own, in the groups of bootstrappers', async () => {
  expect(await userOf(secret(entries))).toEqual({
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers'],
    extra: {},
  });
  const groups = 'system:bootstrappers:kubeadm:default-node-token';
  expect((await userOf(secret({ ...entries, 'auth-extra-groups': groups })))?.groups).toEqual([
    'system:bootstrappers',
    groups,
  ]);
  expect(await userOf(secret({ ...entries, expiration: '2026-01-01T00:00:01Z' }))).toBeDefined();
});

test.each<[string, Secret]>([
  ['expired', secret({ ...entries, expiration: '2026-01-01T00:00:00Z' })],
  ['of an end that cannot be read', secret({ ...entries, expiration: 'soon' })],
  ['for signing alone', secret({ ...entries, 'usage-bootstrap-authentication': 'false' })],
  ['of another secret', secret({ ...entries, 'token-secret': '0123456789abcdeg' })],
  ['of another id', secret({ ...entries, 'token-id': 'abcdeg' })],
  ['of groups that are not allowed', secret({ ...entries, 'auth-extra-groups': 'system:masters' })],
  ['of another type', secret(entries, { type: 'Opaque' })],
  [
    'being deleted',
    secret(entries, { metadata: { ...secret({}).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  ],
])('a token that is %s counts for nothing', async (_, found) => {
  expect(await userOf(found)).toBeUndefined();
});

test.each([
  ['unknown', 'ghijkl.0123456789abcdef'],
  ['of another form', 'abcdef'],
])('so does one that is %s', async (_, shown) => {
  expect(await userOf(secret(entries), shown)).toBeUndefined();
});

test('it speaks to the API server alone', async () => {
  expect(await userOf(secret(entries), token, ['https://elsewhere'])).toBeUndefined();
});
