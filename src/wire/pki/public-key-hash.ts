import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';

/** How kubeadm pins an authority: `sha256:` and the hexadecimal hash of its SubjectPublicKeyInfo. It outlives a renewal with the same key. */
export function publicKeyHash({ x509 }: Pick<Certificate, 'x509'>): string {
  const information = x509.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(information).digest('hex')}`;
}
