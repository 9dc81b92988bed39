import type { KeyObject } from 'node:crypto';
import { derWriter as der } from './der-writer.ts';
import { objectIdentifiers } from './object-identifiers.ts';

interface Algorithm {
  /** As node:crypto calls it; null where the key decides. */
  readonly digest: string | null;
  readonly key: 'rsa' | 'ec' | 'ed25519';
}

const ecdsaWithSha384 = '1.2.840.10045.4.3.3';
const ecdsaWithSha512 = '1.2.840.10045.4.3.4';
const ed25519 = '1.3.101.112';

const algorithms: Readonly<Record<string, Algorithm>> = {
  '1.2.840.113549.1.1.5': { digest: 'sha1', key: 'rsa' },
  [objectIdentifiers.rsaWithSha256]: { digest: 'sha256', key: 'rsa' },
  '1.2.840.113549.1.1.12': { digest: 'sha384', key: 'rsa' },
  '1.2.840.113549.1.1.13': { digest: 'sha512', key: 'rsa' },
  '1.2.840.10045.4.1': { digest: 'sha1', key: 'ec' },
  [objectIdentifiers.ecdsaWithSha256]: { digest: 'sha256', key: 'ec' },
  [ecdsaWithSha384]: { digest: 'sha384', key: 'ec' },
  [ecdsaWithSha512]: { digest: 'sha512', key: 'ec' },
  [ed25519]: { digest: null, key: 'ed25519' },
};

const failures = {
  rsa: 'crypto/rsa: verification error',
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
} as const;

/** How to verify a signature of this algorithm by this key, and what to say when it fails; or why it cannot be verified. */
export function verifiableSignature(
  identifier: string,
  publicKey: KeyObject,
): { readonly digest: string | null; readonly failure: string } | { readonly problem: string } {
  if (identifier === '1.2.840.113549.1.1.4')
    return { problem: 'x509: cannot verify signature: insecure algorithm MD5-RSA' };
  const algorithm = algorithms[identifier];
  if (algorithm === undefined) return { problem: 'x509: cannot verify signature: algorithm unimplemented' };
  if (publicKey.asymmetricKeyType !== algorithm.key)
    return { problem: "x509: signature algorithm specifies a key of another type than the request's" };
  return { digest: algorithm.digest, failure: failures[algorithm.key] };
}

/** The identifier of the algorithm by which a key of ours signs: SHA-256 with RSA, and with ECDSA what is as strong as the curve. */
function identifierOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return objectIdentifiers.rsaWithSha256;
  if (asymmetricKeyType === 'ed25519') return ed25519;
  if (asymmetricKeyDetails?.namedCurve === 'secp384r1') return ecdsaWithSha384;
  return asymmetricKeyDetails?.namedCurve === 'secp521r1' ? ecdsaWithSha512 : objectIdentifiers.ecdsaWithSha256;
}

/** The digest that a key of ours signs; null where the key decides. */
export function signatureDigest(key: KeyObject): string | null {
  return algorithms[identifierOf(key)]?.digest ?? null;
}

export function signatureAlgorithmDer(key: KeyObject): Buffer {
  const identifier = der.objectIdentifier(identifierOf(key));
  return key.asymmetricKeyType === 'rsa' ? der.sequence(identifier, der.null()) : der.sequence(identifier);
}
