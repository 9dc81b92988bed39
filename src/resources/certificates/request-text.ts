import { type CertificateRequest, parseCertificateRequest } from '../../wire/pki/certificate-request.ts';
import type { CertificateSigningRequest } from '../schema/certificates-v1.generated.ts';

/** The PKCS#10 request inside. Throws an error that says what is wrong with it. */
export function certificateRequestOf({ spec }: CertificateSigningRequest): CertificateRequest {
  return parseCertificateRequest(bytesText(spec.request));
}

/** The text that a field of bytes carries; null where it was left out. */
export function bytesText(base64: string | null): string {
  return Buffer.from(base64 ?? '', 'base64').toString('latin1');
}

/** A text as a field of bytes. */
export function textBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
