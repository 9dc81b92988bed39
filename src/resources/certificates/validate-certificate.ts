import { parseCertificate } from '../../wire/pki/certificate.ts';
import { pemBlocks } from '../../wire/pki/pem.ts';

/** Why a text is no list of certificates, in the words of Kubernetes; undefined when it is one, or empty. */
export function certificateProblem(pem: string): string | undefined {
  if (pem === '') return undefined;
  const blocks = pemBlocks(pem);
  for (const { label, hasHeaders, content } of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${label}"`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    if (content.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
    try {
      parseCertificate(content);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}
