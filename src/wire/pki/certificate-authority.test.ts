import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { realEnvironment, virtualEnvironment } from '../../../test/support/environment.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { fixedTestKeys } from './fixed-test-keys.ts';

const dayMs = 86_400_000;
const authority = () =>
  CertificateAuthority.create(realEnvironment, { commonName: 'stuurman-ca', validityMs: 3650 * dayMs });

test('an authority signs itself', () => {
  const { certificate } = authority();
  expect(certificate.isAuthority).toBe(true);
  expect(certificate.subject).toEqual({ commonName: 'stuurman-ca', organizations: [] });
  expect(certificate.issuer).toEqual(certificate.subject);
  expect(certificate.x509.verify(certificate.x509.publicKey)).toBe(true);
});

test('a server certificate answers to its names and addresses', () => {
  const ca = authority();
  const { certificate, keyPair } = ca.issue({
    commonName: 'kube-apiserver',
    usages: ['serverAuth'],
    dnsNames: ['kubernetes', 'kubernetes.default.svc.cluster.local'],
    ipAddresses: ['10.96.0.1', '127.0.0.1', '::1'],
    validityMs: 365 * dayMs,
  });
  const { x509 } = certificate;
  expect(x509.verify(ca.certificate.x509.publicKey)).toBe(true);
  expect(x509.checkIssued(ca.certificate.x509)).toBe(true);
  expect(x509.checkPrivateKey(keyPair.privateKey)).toBe(true);
  expect(x509.ca).toBe(false);
  expect(x509.checkHost('kubernetes.default.svc.cluster.local')).toBeDefined();
  expect(x509.checkHost('elsewhere')).toBeUndefined();
  expect(x509.subjectAltName).toBe(
    'DNS:kubernetes, DNS:kubernetes.default.svc.cluster.local, IP Address:10.96.0.1, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  );
  expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

test('a client certificate carries user and groups, whatever is in them', () => {
  const name = {
    commonName: 'system:node:a\nO=system:masters',
    organizations: ['system:nodes', 'x=y/z, q', 'Zuid-\u00e9'],
  };
  const { certificate } = authority().issue({ ...name, usages: ['clientAuth'], validityMs: dayMs });
  expect(certificate.subject).toEqual(name);
  expect(certificate.fingerprint).toBe(
    new X509Certificate(certificate.pem).fingerprint256.replaceAll(':', '').toLowerCase(),
  );
});

test('a leaf lives as long as asked, and no longer than its authority', () => {
  const environment = virtualEnvironment(1);
  const ca = CertificateAuthority.create(environment, { commonName: 'ca', validityMs: 10 * dayMs });
  const leaf = (validityMs: number) => ca.issue({ commonName: 'x', usages: ['clientAuth'], validityMs }).certificate;
  expect(leaf(dayMs).notAfterMs).toBe(environment.now() + dayMs);
  expect(leaf(dayMs).notBeforeMs).toBe(environment.now() - 300_000);
  expect(leaf(20 * dayMs).notAfterMs).toBe(ca.certificate.notAfterMs);
});

test('an authority comes back from its files', () => {
  const ca = authority();
  const again = CertificateAuthority.load(realEnvironment, ca.certificate.pem, ca.keyPem);
  const { certificate } = again.issue({ commonName: 'x', usages: ['clientAuth'], validityMs: dayMs });
  expect(certificate.x509.verify(ca.certificate.x509.publicKey)).toBe(true);
});

test('files that do not belong together, or are no authority, are refused', () => {
  const ca = authority();
  const leaf = ca.issue({ commonName: 'leaf', usages: ['clientAuth'], validityMs: dayMs });
  expect(() => CertificateAuthority.load(realEnvironment, ca.certificate.pem, leaf.keyPem)).toThrow(
    'the key does not belong to the certificate of stuurman-ca',
  );
  expect(() => CertificateAuthority.load(realEnvironment, leaf.certificate.pem, leaf.keyPem)).toThrow(
    'the certificate of leaf may not sign others (CA:FALSE)',
  );
  expect(() => CertificateAuthority.load(realEnvironment, 'nothing', leaf.keyPem)).toThrow(
    'no certificate in the PEM text',
  );
});

test('with a fixed key one seed gives the same certificates, byte for byte', () => {
  const run = () => {
    const environment = virtualEnvironment(42);
    const ca = CertificateAuthority.create(environment, {
      commonName: 'test-ca',
      validityMs: dayMs,
      keyPair: fixedTestKeys.authority(),
    });
    return (
      ca.certificate.pem + ca.issue({ commonName: 'a', usages: ['clientAuth'], validityMs: dayMs }).certificate.pem
    );
  };
  expect(run()).toBe(run());
});
