import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { RandomSource } from '../environment.ts';

/** A private key with its public half. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * A P-256 key whose secret comes from the environment, so that in the virtual world a seed gives the same keys in every process.
 * Kubernetes signs with RSA by default and accepts ES256 everywhere; an RSA key takes 50 to 200 ms to find, this one 0.1 ms.
 */
export function generateKeyPair(environment: RandomSource): KeyPair {
  const ecdh = createECDH('prime256v1');
  // Numbers from the group's order upwards are refused: fewer than one in four thousand million.
  for (;;) {
    const secret = Buffer.from(environment.randomBytes(32));
    try {
      ecdh.setPrivateKey(secret);
    } catch {
      continue;
    }
    const point = ecdh.getPublicKey();
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      d: secret.toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    };
    return keyPairOf(createPrivateKey({ key: jwk, format: 'jwk' }));
  }
}

/** Reads a private key in PKCS#8, PKCS#1 or SEC 1 PEM. Throws node:crypto's error when it is none. */
export function parseKeyPair(pem: string): KeyPair {
  return keyPairOf(createPrivateKey(pem));
}

/** PKCS#8 PEM. */
export function privateKeyPem(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The JWS algorithm that signs with this key: P-256 or RSA. Throws for other keys. */
export function signatureAlgorithm(key: KeyObject): 'ES256' | 'RS256' {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new Error(`cannot sign with a key of type ${key.asymmetricKeyType}: use P-256 or RSA`);
}

/** The `kid` that Kubernetes gives a signing key: the SHA-256 of its SubjectPublicKeyInfo, in base64url. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

function keyPairOf(privateKey: KeyObject): KeyPair {
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
