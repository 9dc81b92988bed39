import { createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { realEnvironment, virtualEnvironment } from '../../../test/support/environment.ts';
import { fixedTestKeys } from './fixed-test-keys.ts';
import { generateKeyPair, keyId, parseKeyPair, pkcs8Pem, privateKeyPem, signatureAlgorithm } from './key-pair.ts';

test('a new key signs, and its PEM is the same key', () => {
  const pair = generateKeyPair(realEnvironment);
  const signature = sign('sha256', Buffer.from('text'), parseKeyPair(privateKeyPem(pair)).privateKey);
  expect(verify('sha256', Buffer.from('text'), pair.publicKey, signature)).toBe(true);
  expect(signatureAlgorithm(pair.publicKey)).toBe('ES256');
});

test('keys come from the environment alone', () => {
  expect(privateKeyPem(generateKeyPair(virtualEnvironment(7)))).toBe(
    privateKeyPem(generateKeyPair(virtualEnvironment(7))),
  );
  expect(privateKeyPem(generateKeyPair(virtualEnvironment(7)))).not.toBe(
    privateKeyPem(generateKeyPair(virtualEnvironment(8))),
  );
});

test('a secret outside the group is drawn again', () => {
  const draws = [new Uint8Array(32).fill(255), new Uint8Array(32), new Uint8Array(32).fill(1)];
  const pair = generateKeyPair({ randomBytes: () => draws.shift() ?? new Uint8Array(32) });
  expect(pair.privateKey.export({ format: 'jwk' }).d).toBe(Buffer.alloc(32, 1).toString('base64url'));
});

test('keys on curves are written in SEC 1, others in PKCS#8', () => {
  const pair = generateKeyPair(realEnvironment);
  expect(privateKeyPem(pair)).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  expect(pkcs8Pem(pair)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(parseKeyPair(pkcs8Pem(pair)).privateKey.equals(pair.privateKey)).toBe(true);
  expect(privateKeyPem(fixedTestKeys.authority())).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
});

test('reads SEC 1 and PKCS#1 files', () => {
  const pair = generateKeyPair(realEnvironment);
  expect(parseKeyPair(privateKeyPem(pair)).privateKey.equals(pair.privateKey)).toBe(true);
  const rsa = fixedTestKeys.authority();
  expect(signatureAlgorithm(rsa.publicKey)).toBe('RS256');
  const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  expect(parseKeyPair(pkcs1).privateKey.equals(rsa.privateKey)).toBe(true);
});

test('other kinds of keys do not sign tokens', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  expect(() => signatureAlgorithm(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })))).toThrow(
    'cannot sign with a key of type ed25519',
  );
});

test('the key id depends on the key alone', () => {
  const { serviceAccount, authority } = fixedTestKeys;
  expect(keyId(serviceAccount().publicKey)).toBe(keyId(serviceAccount().publicKey));
  expect(keyId(serviceAccount().publicKey)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(keyId(serviceAccount().publicKey)).not.toBe(keyId(authority().publicKey));
});
