import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { createCertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { fixedTestKeys } from './fixed-test-keys.ts';
import { generateKeyPair, generateKeyPairOfType } from './key-pair.ts';
import { parsePem, toPem } from './pem.ts';

const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'] };

/** By openssl: every customary part of a name, every type of alternative name, and a wish to become an authority. */
const fromOpenssl = `-----BEGIN CERTIFICATE REQUEST-----
MIIBmzCCAUECAQAwfjELMAkGA1UEBhMCTkwxEDAOBgNVBAgMB1V0cmVjaHQxDjAM
BgNVBAcMBVplaXN0MRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxDzANBgNVBAoMBnNl
Y29uZDEMMAoGA1UECwwDb3BzMRcwFQYDVQQDDA5zeXN0ZW06bm9kZTpuMTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABPzy83FjCPRPvf3M4dWBMKBB7za6EWMk0ZIF
sgt4SiU41WhLh9ZoYPGFHXDcqzx3QvvvvOM53tk5zv3izqwS9g2gYTBfBgkqhkiG
9w0BCQ4xUjBQMAwGA1UdEwQFMAMBAf8wQAYDVR0RBDkwN4ICbjGCBCoubjGHBAoA
AAGHEP0AAAAAAAAAAAAAAAAAAAGBBWFAYi5jhgxzcGlmZmU6Ly94L3kwCgYIKoZI
zj0EAwIDSAAwRQIgVpAErfgdZP6rTe7yLB8/9UwIaRTL6W4lXi8M3yN6EKECIQDV
zwG0MBGsX0vwAQ9TfmFENHIvN2Aum7QH24TvX77+iw==
-----END CERTIFICATE REQUEST-----
`;

const withEd25519 = `-----BEGIN CERTIFICATE REQUEST-----
MIGvMGMCAQAwMDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRcwFQYDVQQDDA5zeXN0
ZW06bm9kZTpuMTAqMAUGAytlcAMhADN5wS2SLfyAnG8etNMLRXQjbJ/2+ZG0fALF
N3oiLCp0oAAwBQYDK2VwA0EAzoxhyrdcP7VFOKXP/opikYkOuJ1/CQ0EELUzXkCh
xdW1C68f3KdV13mvBOjb0M/H2OmEciGhC95VpOlxz6VWDw==
-----END CERTIFICATE REQUEST-----
`;

describe.each([
  ['an elliptic key', () => generateKeyPair(realEnvironment)],
  ['an RSA key', fixedTestKeys.authority],
])('with %s', (_, make) => {
  test('a request says what was asked for, and proves the key', () => {
    const keyPair = make();
    const options = { ...subject, dnsNames: ['n1', 'n1.local'], ipAddresses: ['10.0.0.1', 'fd00::1'] };
    const request = parseCertificateRequest(createCertificateRequest(options, keyPair));
    expect(request.subject).toEqual(subject);
    expect(request.alternativeNames).toEqual({
      dnsNames: options.dnsNames,
      ipAddresses: options.ipAddresses,
      emailAddresses: [],
      uris: [],
    });
    expect(request.publicKey.equals(keyPair.publicKey)).toBe(true);
    expect(request.signatureProblem()).toBeUndefined();
  });

  test('a request that was tampered with does not', () => {
    const pem = createCertificateRequest(subject, make());
    const [bytes = Buffer.alloc(0)] = parsePem(pem, 'CERTIFICATE REQUEST');
    const at = bytes.indexOf('system:node:n1') + 13;
    bytes[at] = '2'.charCodeAt(0);
    const forged = parseCertificateRequest(toPem('CERTIFICATE REQUEST', bytes));
    expect(forged.subject.commonName).toBe('system:node:n2');
    expect(forged.signatureProblem()).toMatch(/^(x509: ECDSA verification failure|crypto\/rsa: verification error)$/);
  });
});

test('a request of another program is read', () => {
  const request = parseCertificateRequest(`note\n${fromOpenssl}`);
  expect(request.subject).toEqual({ commonName: 'system:node:n1', organizations: ['system:nodes', 'second'] });
  expect(request.name.map(({ text }) => text)).toEqual([
    'NL',
    'Utrecht',
    'Zeist',
    'system:nodes',
    'second',
    'ops',
    'system:node:n1',
  ]);
  expect(request.alternativeNames).toEqual({
    dnsNames: ['n1', '*.n1'],
    ipAddresses: ['10.0.0.1', 'fd00::1'],
    emailAddresses: ['a@b.c'],
    uris: ['spiffe://x/y'],
  });
  expect(request.signatureProblem()).toBeUndefined();
});

test('so is one with an Ed25519 key', () => {
  expect(parseCertificateRequest(withEd25519).signatureProblem()).toBeUndefined();
});

test.each([
  ['nothing', '', 'PEM block type must be CERTIFICATE REQUEST'],
  [
    'another block first',
    toPem('CERTIFICATE', Buffer.of(1)) + fromOpenssl,
    'PEM block type must be CERTIFICATE REQUEST',
  ],
  ['no DER', toPem('CERTIFICATE REQUEST', Buffer.from('hello')), 'asn1: syntax error'],
  ['an empty sequence', toPem('CERTIFICATE REQUEST', Buffer.of(0x30, 0)), 'asn1: syntax error: sequence truncated'],
])('%s is refused', (_, pem, message) => {
  expect(() => parseCertificateRequest(pem)).toThrow(message);
});

test('whatever bytes there are, the answer is a request or an error, at once', () => {
  const [bytes = Buffer.alloc(0)] = parsePem(fromOpenssl, 'CERTIFICATE REQUEST');
  for (let index = 0; index < bytes.length; index++) {
    for (const change of [0x00, 0xff, 0x80]) {
      const broken = Buffer.from(bytes);
      broken[index] = (broken[index] ?? 0) ^ change;
      const pem = toPem('CERTIFICATE REQUEST', broken);
      try {
        const problem = parseCertificateRequest(pem).signatureProblem();
        if (change !== 0) expect(problem).toBeDefined();
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(TypeError);
      }
    }
  }
});

test.each(['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072'])(
  'a request for a key of type %s proves it, for nobody in particular',
  async (type) => {
    const pair = await generateKeyPairOfType(type, realEnvironment);
    const request = parseCertificateRequest(createCertificateRequest({ commonName: '', organizations: [] }, pair));
    expect(request.signatureProblem()).toBeUndefined();
    expect(request.publicKey.equals(pair.publicKey)).toBe(true);
    expect(request.name).toEqual([]);
  },
);

test('of other types there are no keys', async () => {
  await expect(generateKeyPairOfType('DSA', realEnvironment)).rejects.toThrow('unknown key type "DSA"');
});
