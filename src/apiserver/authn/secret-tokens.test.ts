import { expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import { secretTokenIssuer, writeSecretTokenClaims } from '../tokens/secret-token-claims.ts';
import { TokenIssuer } from '../tokens/token-issuer.ts';
import { BoundObjects } from './bound-objects.ts';
import { SecretTokens } from './secret-tokens.ts';

const audience = 'https://kubernetes.default.svc.cluster.local';
const keys = () => generateKeyPair(new VirtualEnvironment(1)).privateKey;
const issuer = new TokenIssuer({ issuer: audience, signingKey: keys() });

const claims = { namespace: 'auth', secretName: 'token', account: { name: 'robot', uid: 'sa-1' } };
const sign = (by: TokenIssuer, uid = 'sa-1') =>
  by.sign(writeSecretTokenClaims({ ...claims, account: { name: 'robot', uid } }), secretTokenIssuer);

const account = { metadata: { name: 'robot', namespace: 'auth', uid: 'sa-1' } };

function authenticator(held: string | undefined): SecretTokens {
  const reader = new FakeReader();
  if (held !== undefined) {
    const data = { token: Buffer.from(held).toString('base64') };
    reader.set<KubeObject>(serviceAccounts, account);
    reader.set(secrets, { metadata: { namespace: 'auth', name: 'token' }, data });
  }
  const objects = new BoundObjects({
    serviceAccounts: new FakeInformer<KubeObject>(serviceAccounts, [account]),
    pods: new FakeInformer<KubeObject>(pods, []),
    nodes: new FakeInformer<KubeObject>(nodes, []),
    reader,
  });
  return new SecretTokens(issuer, objects, reader);
}

test('a token counts without end while its secret holds it', async () => {
  const token = sign(issuer);
  expect(await authenticator(token).authenticateToken(token, [audience])).toEqual({
    user: {
      username: 'system:serviceaccount:auth:robot',
      uid: 'sa-1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:auth'],
      extra: {},
    },
    audiences: [audience],
  });
});

interface How {
  readonly isHeld: boolean;
  readonly another?: string;
  readonly uid?: string;
  readonly shownTo?: string;
}

test.each<[string, How, string]>([
  ['its secret is gone', { isHeld: false }, 'has been invalidated'],
  ['its secret holds another', { isHeld: false, another: 'x' }, 'has been invalidated'],
  ['its account was made anew', { isHeld: true, uid: 'sa-0' }, 'does not match claim'],
  ['it is not meant for whom it is shown to', { isHeld: true, shownTo: 'x' }, 'is invalid for the target audiences'],
])('a token counts for nothing when %s', async (_why, how, message) => {
  const { isHeld, another, uid, shownTo = audience } = how;
  const token = sign(issuer, uid);
  const shown = authenticator(isHeld ? token : another).authenticateToken(token, [shownTo]);
  await expect(shown).rejects.toThrow(message);
});

test('a token that somebody else signed, or of another sort, is told apart', async () => {
  const stranger = new TokenIssuer({
    issuer: audience,
    signingKey: generateKeyPair(new VirtualEnvironment(2)).privateKey,
  });
  const forged = sign(stranger);
  await expect(authenticator(forged).authenticateToken(forged, [audience])).rejects.toThrow('signature');
  expect(await authenticator(undefined).authenticateToken(issuer.sign({}), [audience])).toBeUndefined();
});
