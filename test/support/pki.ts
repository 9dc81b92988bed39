import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import { realEnvironment } from './environment.ts';

const hourMs = 3_600_000;

/** An authority with a server certificate for this machine and a client certificate, made once for all tests of a process. */
export const testAuthority = CertificateAuthority.create(realEnvironment, {
  commonName: 'test-ca',
  validityMs: hourMs,
});

export const serverCredential = testAuthority.issue({
  commonName: 'server',
  usages: ['serverAuth'],
  dnsNames: ['localhost', 'kubernetes.default.svc'],
  ipAddresses: ['127.0.0.1'],
  validityMs: hourMs,
});

export const clientCredential = testAuthority.issue({
  commonName: 'ann',
  organizations: ['dev', 'ops'],
  usages: ['clientAuth'],
  validityMs: hourMs,
});

export const serverTls = {
  certificatePem: serverCredential.certificate.pem,
  keyPem: serverCredential.keyPem,
  clientAuthorityPem: testAuthority.certificate.pem,
};
