import { beforeEach, describe, expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import {
  nodes,
  podCertificateRequests,
  pods,
  serviceAccounts,
} from '../../resources/schema/resource-types.generated.ts';
import type { Authorizer, UserInfo } from '../request.ts';
import { NodeRestriction } from './node-restriction.ts';
import { podCertificateSigning } from './pod-certificates.ts';

const n1: UserInfo = { username: 'system:node:n1', groups: ['system:nodes'], extra: {} };
let reader: FakeReader;
let allowed: string;
const authorizer: Authorizer = {
  name: 'test',
  authorize: (_, info) => ({
    decision: info.isResource && `${info.verb} ${info.resource} ${info.name}` === allowed ? 'allow' : 'noOpinion',
    reason: '',
  }),
};

function request(spec: Partial<PodCertificateRequest['spec']> = {}): PodCertificateRequest {
  return {
    metadata: { namespace: 'apps', name: 'r' },
    spec: {
      signerName: 'example.com/s',
      podName: 'web',
      podUID: 'pod-1',
      serviceAccountName: 'default',
      serviceAccountUID: 'account-1',
      nodeName: 'n1',
      nodeUID: 'node-1',
      stubPKCS10Request: '',
      ...spec,
    },
  };
}

function pod(spec: Partial<Pod['spec']> = {}, annotations: Readonly<Record<string, string>> = {}): Pod {
  const podCertificate = { signerName: 'example.com/s', keyType: 'ED25519' };
  return {
    metadata: { namespace: 'apps', name: 'web', uid: 'pod-1', annotations },
    spec: {
      containers: [],
      nodeName: 'n1',
      serviceAccountName: 'default',
      volumes: [{ name: 'v', projected: { sources: [{ podCertificate }] } }],
      ...spec,
    },
  };
}

beforeEach(() => {
  reader = new FakeReader();
  reader.set(nodes, { metadata: { name: 'n1', uid: 'node-1' } });
  reader.set(serviceAccounts, { metadata: { namespace: 'apps', name: 'default', uid: 'account-1' } });
  reader.set(pods, pod());
  allowed = '';
});

const ask = (object: PodCertificateRequest) =>
  verdict(
    new NodeRestriction(reader, authorizer),
    attributes('CREATE', podCertificateRequests, object, { user: n1, namespace: 'apps' }),
  );
const subject = 'PodCertificateRequest for pod "apps/web"';

describe('a node asks for a certificate', () => {
  test('of a pod of its own, of a signer that the pod names', async () => {
    expect(await ask(request())).toBe('admitted');
  });

  test.each<[string, Partial<PodCertificateRequest['spec']>, string]>([
    [
      'of another node',
      { nodeName: 'n2' },
      'PodCertificateRequest.Spec.NodeName="n2", which is not the requesting node "n1"',
    ],
    [
      'of a node that was before',
      { nodeUID: 'old' },
      `${subject} names node UID "old", inconsistent with the running node ("node-1")`,
    ],
    [
      'of no pod',
      { podName: 'none' },
      'while retrieving pod "apps/none" named in the PodCertificateRequest: pods "none" not found',
    ],
    [
      'of a pod that was before',
      { podUID: 'old' },
      `${subject} contains pod UID ("old") which differs from running pod "pod-1"`,
    ],
    [
      'of another account',
      { serviceAccountName: 'other' },
      `${subject} contains serviceAccountName ("other") that differs from running pod ("default")`,
    ],
    [
      'of an account that was before',
      { serviceAccountUID: 'old' },
      `${subject} names service account UID "old", which differs from the running service account ("account-1")`,
    ],
    [
      'of another signer',
      { signerName: 'example.com/t' },
      'pod "apps/web" does not mount a podCertificate projected volume for signer "example.com/t"',
    ],
  ])('%s and is refused', async (_what, spec, expected) => {
    expect(await ask(request(spec))).toContain(expected);
  });

  test('of a signer that it was given leave to ask', async () => {
    allowed = 'request-serviceaccounts-podcertificate-signer example.com:t default';
    expect(await ask(request({ signerName: 'example.com/t' }))).toBe('admitted');
  });

  test('of a pod elsewhere, or one of its own making', async () => {
    reader.set(pods, pod({ nodeName: 'n2' }));
    expect(await ask(request())).toContain(
      'pod "apps/web" is not running on node "n1" named in the PodCertificateRequest',
    );
    reader.set(pods, pod({}, { 'kubernetes.io/config.mirror': 'x' }));
    expect(await ask(request())).toContain('pod "apps/web" is a mirror pod');
  });
});

test('who answers has to be permitted to sign', async () => {
  const old = request();
  const conditions = [
    { type: 'Denied', status: 'True', reason: 'No', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  const answer = (status: PodCertificateRequest['status']) =>
    verdict(
      podCertificateSigning(authorizer),
      attributes('UPDATE', podCertificateRequests, { ...old, status } as PodCertificateRequest, {
        old,
        subresource: 'status',
        user: { username: 'jane', groups: [], extra: {} },
      }),
    );
  expect(await answer({})).toBe('admitted');
  expect(await answer({ conditions })).toBe(
    'PodCertificateRequest.certificates.k8s.io "r" is invalid: spec.signerName: Forbidden: User "jane" is not permitted to "sign" for signer "example.com/s"',
  );
  allowed = 'sign signers example.com/*';
  expect(await answer({ conditions })).toBe('admitted');
});
