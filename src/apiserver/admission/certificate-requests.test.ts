import { expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { realEnvironment } from '../../../test/support/environment.ts';
import { textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests } from '../../resources/schema/resource-types.generated.ts';
import { createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import type { Authorizer } from '../request.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificate-requests.ts';

function allowing(...allowed: readonly string[]): Authorizer {
  return {
    name: 'some',
    authorize: (_, info) => {
      const text = info.isResource ? `${info.verb} ${info.resource}.${info.group} ${info.name}` : '';
      return { decision: allowed.includes(text) ? 'allow' : 'noOpinion', reason: '' };
    },
  };
}

function request(signerName: string, organizations: readonly string[] = []): CertificateSigningRequest {
  const subject = { commonName: 'jane', organizations };
  const pem = createCertificateRequest(subject, generateKeyPair(realEnvironment));
  return { metadata: { name: 'r' }, spec: { request: textBytes(pem), signerName, usages: ['client auth'] } };
}

const old = request('example.com/a');
const group = 'signers.certificates.k8s.io';

test.each([
  [[`approve ${group} example.com/a`], 'admitted'],
  [[`approve ${group} example.com/*`], 'admitted'],
  [
    [`approve ${group} example.com/b`, `sign ${group} example.com/a`],
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "example.com/a"',
  ],
])('an approver with the rights %j is %s', async (rights, expected) => {
  const write = attributes('UPDATE', certificateSigningRequests, request('example.com/b'), {
    old,
    subresource: 'approval',
  });
  expect(await verdict(certificateApproval(allowing(...rights)), write)).toBe(expected);
});

const refusal =
  'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/a"';
test.each<[string, CertificateSigningRequest['status'], readonly string[], string]>([
  ['a certificate', { certificate: 'eA==' }, [`sign ${group} example.com/*`], 'admitted'],
  ['a certificate', { certificate: 'eA==' }, [`approve ${group} example.com/a`], refusal],
  ['a condition', { conditions: [{ type: 'Failed', status: 'True' }] }, [], refusal],
  ['nothing', {}, [], 'admitted'],
])('a signer that writes %s (%j) with the rights %j is %s', async (_, status, rights, expected) => {
  const write = attributes('UPDATE', certificateSigningRequests, { ...old, status } as CertificateSigningRequest, {
    old,
    subresource: 'status',
  });
  expect(await verdict(certificateSigning(allowing(...rights)), write)).toBe(expected);
});

test.each([
  [
    'kubernetes.io/kube-apiserver-client',
    ['system:masters'],
    'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  ],
  [
    'kubernetes.io/kube-apiserver-client',
    ['dev', 'system:masters'],
    'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  ],
  ['kubernetes.io/kube-apiserver-client', ['dev'], 'admitted'],
  ['example.com/a', ['system:masters'], 'admitted'],
])('for %s the groups %j are %s', async (signerName, groups, expected) => {
  const write = attributes('CREATE', certificateSigningRequests, request(signerName, groups));
  expect(await verdict(certificateSubjectRestriction, write)).toMatch(new RegExp(`${expected}$`));
});
