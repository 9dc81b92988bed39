import { expect, test } from 'vitest';
import { tlsInputProblem } from './pem.ts';

const certificate = block('CERTIFICATE');
const key = block('EC PRIVATE KEY');

function block(type: string): string {
  return `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`;
}

test.each([
  ['a pair', certificate, key, undefined],
  ['a chain and parameters before the key', certificate + certificate, block('EC PARAMETERS') + key, undefined],
  ['nothing', '', '', 'tls: failed to find any PEM data in certificate input'],
  ['no key', certificate, 'x', 'tls: failed to find any PEM data in key input'],
  [
    'the two switched',
    key,
    certificate,
    'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  ],
  [
    'a certificate twice',
    certificate,
    certificate,
    'tls: found a certificate rather than a key in the PEM for the private key',
  ],
  [
    'a request for a certificate',
    block('CERTIFICATE REQUEST'),
    key,
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [CERTIFICATE REQUEST]',
  ],
  [
    'public keys',
    certificate,
    block('PUBLIC KEY') + block('EC PARAMETERS'),
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [PUBLIC KEY EC PARAMETERS]',
  ],
])('%s', (_what, crt, privateKey, problem) => {
  expect(tlsInputProblem(crt, privateKey)).toBe(problem);
});
