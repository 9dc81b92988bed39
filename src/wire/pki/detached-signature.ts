import { createHmac } from 'node:crypto';

/**
 * A JWS (RFC 7515) whose content stands elsewhere (appendix F): `header..signature`, by HMAC-SHA256 with a secret that both sides
 * know. `keyId` tells which.
 */
export function detachedSignature(content: string, keyId: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: keyId })).toString('base64url');
  const body = Buffer.from(content).toString('base64url');
  const signature = createHmac('sha256', secret).update(`${header}.${body}`).digest('base64url');
  return `${header}..${signature}`;
}
