import { type KeyObject, sign, verify } from 'node:crypto';
import { keyId, signatureAlgorithm } from '../../wire/pki/key-pair.ts';

/** A key that verifies tokens, under the id that its tokens name it by. */
export interface VerificationKey {
  readonly id: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly publicKey: KeyObject;
}

/** A token taken apart; nothing in it is to be believed before `verifyJwt`. */
export interface ParsedJwt {
  readonly algorithm: string;
  /** Empty when the token names none. */
  readonly keyId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature covers. */
  readonly signed: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Throws for keys other than P-256 and RSA. */
export function verificationKey(publicKey: KeyObject): VerificationKey {
  return { id: keyId(publicKey), algorithm: signatureAlgorithm(publicKey), publicKey };
}

/** A compact JWS (RFC 7515). RSA signatures are the same each time; ECDSA draws a nonce of its own. */
export function signJwt(privateKey: KeyObject, id: string, claims: object): string {
  const header = { alg: signatureAlgorithm(privateKey), kid: id };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** Undefined for anything that is no compact JWS with claims. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const [head = '', payload = '', tail = '', ...rest] = token.split('.');
  if (head === '' || payload === '' || tail === '' || rest.length > 0) return undefined;
  const header = decode(head);
  const claims = decode(payload);
  if (header === undefined || claims === undefined || typeof header['alg'] !== 'string') return undefined;
  try {
    return {
      algorithm: header['alg'],
      keyId: typeof header['kid'] === 'string' ? header['kid'] : '',
      claims,
      signed: `${head}.${payload}`,
      signature: Uint8Array.fromBase64(tail, { alphabet: 'base64url' }),
    };
  } catch {
    return undefined;
  }
}

/** Whether the key signed the token. The key decides the algorithm, whatever the header says. */
export function verifyJwt(token: ParsedJwt, key: VerificationKey): boolean {
  if (token.algorithm !== key.algorithm) return false;
  return verify(
    'sha256',
    Buffer.from(token.signed),
    { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
    token.signature,
  );
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
