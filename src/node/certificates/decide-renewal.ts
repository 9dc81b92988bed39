import type { Certificate } from '../../wire/pki/certificate.ts';
import type { CertificateRequestOptions } from '../../wire/pki/certificate-request.ts';
import { certificateValidity } from '../../wire/pki/certificate-validity.ts';

/** When a certificate is renewed: somewhere between 70 and 90 % of its life, as a kubelet does, so that a thousand nodes do not come at once. */
export function renewalTime({ notBeforeMs, notAfterMs }: Certificate, random: () => number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (0.7 + 0.2 * random());
}

/** Why another certificate is wanted now, in words for a log; undefined while the one there is is good. */
export function renewalReason(
  certificate: Certificate | undefined,
  wanted: CertificateRequestOptions,
  dueMs: number,
  now: number,
): string | undefined {
  if (certificate === undefined) return 'there is none';
  if (certificateValidity(certificate, now).state === 'expired') return 'it has expired';
  if (!isFor(certificate, wanted)) return 'its names have changed';
  return now >= dueMs ? 'most of its life is over' : undefined;
}

function isFor({ subject, x509 }: Certificate, { commonName, organizations, ...names }: CertificateRequestOptions) {
  const { dnsNames = [], ipAddresses = [] } = names;
  const said = (x509.subjectAltName ?? '').split(', ').filter((name) => name !== '');
  return (
    subject.commonName === commonName &&
    subject.organizations.join() === organizations.join() &&
    said.length === dnsNames.length + ipAddresses.length &&
    dnsNames.every((name) => said.includes(`DNS:${name}`)) &&
    ipAddresses.every((address) => x509.checkIP(address) !== undefined)
  );
}
