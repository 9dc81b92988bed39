import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generateAsymmetric,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { RandomSource } from '../environment.ts';

/** A private key with its public half. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface Curve {
  /** As OpenSSL calls it, and as JWK does. */
  readonly name: string;
  readonly crv: string;
  readonly bytes: number;
  /** Which bits of the first byte a secret may have. */
  readonly firstByte: number;
}

const curves = {
  ECDSAP256: { name: 'prime256v1', crv: 'P-256', bytes: 32, firstByte: 0xff },
  ECDSAP384: { name: 'secp384r1', crv: 'P-384', bytes: 48, firstByte: 0xff },
  ECDSAP521: { name: 'secp521r1', crv: 'P-521', bytes: 66, firstByte: 0x01 },
} as const satisfies Readonly<Record<string, Curve>>;

/**
 * A P-256 key whose secret comes from the environment, so that in the virtual world a seed gives the same keys in every process.
 * Kubernetes signs with RSA by default and accepts ES256 everywhere; an RSA key takes 50 to 200 ms to find, this one 0.1 ms.
 */
export function generateKeyPair(environment: RandomSource): KeyPair {
  return generateOnCurve(curves.ECDSAP256, environment);
}

/**
 * A key of a type that pods ask for: `ECDSAP256`, `ECDSAP384`, `ECDSAP521`, `ED25519`, `RSA3072`, `RSA4096`. The search for an RSA key runs
 * beside the event loop and takes its randomness from the machine, in the virtual world as well. Rejects other types.
 */
export async function generateKeyPairOfType(type: string, environment: RandomSource): Promise<KeyPair> {
  switch (type) {
    case 'ECDSAP256':
    case 'ECDSAP384':
    case 'ECDSAP521':
      return generateOnCurve(curves[type], environment);
    case 'ED25519': {
      const key = Buffer.concat([ed25519Prefix, environment.randomBytes(32)]);
      return keyPairOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
    }
    case 'RSA3072':
    case 'RSA4096':
      return await generateRsa('rsa', { modulusLength: Number(type.slice(3)) });
    default:
      throw new Error(`unknown key type ${JSON.stringify(type)}`);
  }
}

const generateRsa = promisify(generateAsymmetric);

/** What PKCS#8 has before the 32 bytes of such a secret (RFC 8410). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function generateOnCurve({ name, crv, bytes, firstByte }: Curve, environment: RandomSource): KeyPair {
  const ecdh = createECDH(name);
  // Numbers from the group's order upwards are refused: fewer than one in four thousand million.
  for (;;) {
    const secret = Buffer.from(environment.randomBytes(bytes));
    secret[0] = (secret[0] ?? 0) & firstByte;
    try {
      ecdh.setPrivateKey(secret);
    } catch {
      continue;
    }
    const point = ecdh.getPublicKey();
    const jwk = {
      kty: 'EC',
      crv,
      d: secret.toString('base64url'),
      x: point.subarray(1, 1 + bytes).toString('base64url'),
      y: point.subarray(1 + bytes).toString('base64url'),
    };
    return keyPairOf(createPrivateKey({ key: jwk, format: 'jwk' }));
  }
}

/** Reads a private key in PKCS#8, PKCS#1 or SEC 1 PEM. Throws node:crypto's error when it is none. */
export function parseKeyPair(pem: string): KeyPair {
  return keyPairOf(createPrivateKey(pem));
}

/** In PEM as Kubernetes' own tools write keys: SEC 1 for elliptic curves, which some clients know by its name alone; PKCS#8 otherwise. */
export function privateKeyPem({ privateKey }: KeyPair): string {
  const type = privateKey.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8';
  return privateKey.export({ type, format: 'pem' }).toString();
}

/** In PEM as PKCS#8, whatever the key. */
export function pkcs8Pem({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
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
