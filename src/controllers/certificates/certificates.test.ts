import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../cluster/create-cluster.ts';
import { bytesText, textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests, nodes } from '../../resources/schema/resource-types.generated.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { type CertificateRequestOptions, createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';

const clientUsages = ['digital signature', 'client auth'];
const servingUsages = ['digital signature', 'server auth'];
const nodeClient = 'kubernetes.io/kube-apiserver-client-kubelet';
const nodeServing = 'kubernetes.io/kubelet-serving';
const bootstrapper = {
  username: 'system:bootstrap:abcdef',
  groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
};
const node = (name: string) => ({ username: `system:node:${name}`, groups: ['system:nodes'] });
const hourMs = 3600_000;
const dayMs = 24 * hourMs;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ time: 'virtual', nodes: 0 });
});
afterAll(() => cluster.close());

interface Wish extends Partial<CertificateRequestOptions> {
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly expirationSeconds?: number;
}

/** What became of a request within a few seconds: `Pending`, `Approved`, ..., as the table shows it. */
async function ask(
  user: Parameters<Cluster['clientAs']>[0],
  { signerName, usages, expirationSeconds, ...wish }: Wish,
  approve = false,
): Promise<CertificateSigningRequest> {
  const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'], ...wish };
  const request = textBytes(createCertificateRequest(subject, generateKeyPair(cluster.environment)));
  const made = await cluster.clientAs(user).create(certificateSigningRequests, {
    metadata: { generateName: 'csr-' },
    spec: { request, signerName, usages, ...(expirationSeconds !== undefined && { expirationSeconds }) },
  });
  if (approve) {
    const status = { conditions: [{ type: 'Approved', status: 'True', reason: 'ByHand' }] };
    await cluster.client.update(certificateSigningRequests, { ...made, status }, { subresource: 'approval' });
  }
  await cluster.advance('5s');
  return cluster.client.get(certificateSigningRequests, { name: made.metadata.name ?? '' });
}

function lineOf({ status }: CertificateSigningRequest): string {
  const conditions = (status?.conditions ?? []).map(
    ({ type, reason, message }) => `${type} ${reason}: ${message ?? ''}`,
  );
  return [...conditions, ...(status?.certificate ? ['Issued'] : [])].join('; ') || 'Pending';
}

function certificateIn({ status }: CertificateSigningRequest) {
  return parseCertificate(bytesText(status?.certificate ?? ''));
}

describe('client certificates of nodes', () => {
  test('a machine with a token gets its first one', async () => {
    const request = await ask(bootstrapper, { signerName: nodeClient, usages: clientUsages });
    expect(lineOf(request)).toBe(
      'Approved AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.; Issued',
    );
    expect(request.spec).toMatchObject({
      username: bootstrapper.username,
      groups: [...bootstrapper.groups, 'system:authenticated'],
    });
    const certificate = certificateIn(request);
    const now = cluster.environment.now();
    expect(certificate.subject).toEqual({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
    expect(certificate.x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.notAfterMs - certificate.notBeforeMs).toBe(365 * dayMs);
    expect(now - certificate.notBeforeMs).toBeGreaterThanOrEqual(300_000);
    expect(now - certificate.notBeforeMs).toBeLessThan(310_000);
  });

  test('a node gets its own next one, and nobody else’s', async () => {
    expect(lineOf(await ask(node('n1'), { signerName: nodeClient, usages: clientUsages }))).toBe(
      'Approved AutoApproved: Auto approving self kubelet client certificate after SubjectAccessReview.; Issued',
    );
    await expect(ask(node('n2'), { signerName: nodeClient, usages: clientUsages })).rejects.toThrow(
      'can only create a node CSR with CN=system:node:n2',
    );
  });

  test.each<[string, Partial<Wish>]>([
    ['another group', { organizations: ['system:masters'] }],
    ['a second group', { organizations: ['system:nodes', 'system:masters'] }],
    ['a name that is none of a node', { commonName: 'admin' }],
    ['names of a server', { dnsNames: ['kubernetes'] }],
    ['other usages', { usages: [...clientUsages, 'server auth'] }],
    ['another signer', { signerName: 'kubernetes.io/kube-apiserver-client' }],
  ])('with %s the request waits for a person', async (_, wish) => {
    expect(lineOf(await ask(bootstrapper, { signerName: nodeClient, usages: clientUsages, ...wish }))).toBe('Pending');
  });

  test.each([
    [600, 600_000, 300_000],
    [7 * 3600, 7 * hourMs, 300_000],
    [8 * 3600, 8 * hourMs, 0],
    [2 * 365 * 86_400, 365 * dayMs, 0],
  ])('asked for %d seconds it lives as long, and no longer than a year', async (expirationSeconds, lifeMs, extraMs) => {
    const certificate = certificateIn(
      await ask(bootstrapper, { signerName: nodeClient, usages: clientUsages, expirationSeconds }),
    );
    expect(certificate.notAfterMs - certificate.notBeforeMs).toBe(lifeMs + extraMs);
  });
});

describe('serving certificates of nodes', () => {
  beforeAll(async () => {
    for (const name of ['n1', 'n2']) await cluster.nodes.add({ name });
    await cluster.advance('2s');
  });
  const addressOf = async (name: string) =>
    (await cluster.client.get(nodes, { name })).status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ??
    '';
  const wish = (own: Partial<Wish>): Wish => ({ signerName: nodeServing, usages: servingUsages, ...own });

  test('for its own name and addresses a node gets one', async () => {
    const address = await addressOf('n1');
    const request = await ask(node('n1'), wish({ dnsNames: ['n1'], ipAddresses: [address] }));
    expect(lineOf(request)).toMatch(/^Approved AutoApproved: .*; Issued$/);
    expect(certificateIn(request).x509.subjectAltName).toBe(`DNS:n1, IP Address:${address}`);
  });

  test('for those of another node, or of none, it does not', async () => {
    expect(lineOf(await ask(node('n1'), wish({ ipAddresses: [await addressOf('n2')] })))).toBe('Pending');
    expect(lineOf(await ask(node('n1'), wish({ ipAddresses: ['10.9.9.9'] })))).toBe('Pending');
    expect(lineOf(await ask(node('n1'), wish({ dnsNames: ['n2'] })))).toBe('Pending');
    expect(lineOf(await ask(node('n1'), wish({ dnsNames: ['kubernetes.default.svc'] })))).toBe('Pending');
  });

  test('nor does another node, or a machine with a token, get it', async () => {
    await expect(ask(node('n2'), wish({ dnsNames: ['n1'] }))).rejects.toThrow('can only create a node CSR with CN');
    expect(lineOf(await ask(bootstrapper, wish({ dnsNames: ['n1'] })))).toBe('Pending');
  });

  test('a node that claims the address of another gets none for it', async () => {
    const address = await addressOf('n2');
    const n1 = await cluster.client.get(nodes, { name: 'n1' });
    const addresses = [...(n1.status?.addresses ?? []), { type: 'ExternalIP', address }];
    const body = { status: { addresses } };
    await cluster.clientAs(node('n1')).patch(nodes, { name: 'n1' }, { type: 'merge', body }, { subresource: 'status' });
    await cluster.advance('1s');
    expect(lineOf(await ask(node('n1'), wish({ ipAddresses: [address] })))).toBe('Pending');
  });

  test('a request that came before the address is approved when the node has it', async () => {
    const early = await ask(node('n3'), wish({ commonName: 'system:node:n3', dnsNames: ['n3'] }));
    expect(lineOf(early)).toBe('Pending');
    await cluster.nodes.add({ name: 'n3' });
    await cluster.advance('5s');
    const name = early.metadata.name ?? '';
    expect(lineOf(await cluster.client.get(certificateSigningRequests, { name }))).toContain('Issued');
  });
});

describe('requests that a person approves', () => {
  const admin = { username: 'admin', groups: ['system:masters'] };

  test('a user gets a certificate, with what was asked for and may be', async () => {
    const request = await ask(
      admin,
      {
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        commonName: 'jane',
        organizations: ['dev', 'ops'],
        dnsNames: ['jane.example.com'],
      },
      true,
    );
    const certificate = certificateIn(request);
    expect(certificate.subject).toEqual({ commonName: 'jane', organizations: ['dev', 'ops'] });
    expect(certificate.x509.subjectAltName).toBe('DNS:jane.example.com');
  });

  test.each<[string, Wish, string]>([
    [
      'a server',
      { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth', 'server auth'] },
      'invalid usage for client certificate: server auth',
    ],
    [
      'no client',
      { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['digital signature'] },
      'missing required usage for client certificate: client auth',
    ],
    [
      'a node without its group',
      { signerName: nodeClient, usages: clientUsages, organizations: ['dev'] },
      'subject organization is not system:nodes',
    ],
    [
      'a node with names',
      { signerName: nodeClient, usages: clientUsages, ipAddresses: ['10.0.0.1'] },
      'IP subjectAltNames are not allowed',
    ],
    [
      'a node of other usages',
      { signerName: nodeClient, usages: ['client auth'] },
      'usages did not match [client auth digital signature key encipherment]',
    ],
    [
      'a node’s API without names',
      { signerName: nodeServing, usages: servingUsages },
      'DNS or IP subjectAltName is required',
    ],
    [
      'a node’s API of no node',
      { signerName: nodeServing, usages: servingUsages, dnsNames: ['a'], commonName: 'a' },
      'subject common name does not begin with system:node:',
    ],
  ])('for %s it fails, and says why', async (_, wish, message) => {
    expect(lineOf(await ask(admin, wish, true))).toBe(`Approved ByHand: ; Failed SignerValidationFailure: ${message}`);
  });

  test('a signer that is none of Kubernetes’ is left alone', async () => {
    const request = await ask(admin, { signerName: 'example.com/signer', usages: ['any'] }, true);
    expect(lineOf(request)).toBe('Approved ByHand: ');
  });
});

test('an answered request goes after an hour; one that waits stays', async () => {
  await using own = await createCluster({ time: 'virtual', nodes: 0 });
  const request = textBytes(
    createCertificateRequest(
      { commonName: 'system:node:n1', organizations: ['system:nodes'] },
      generateKeyPair(own.environment),
    ),
  );
  const spec = { request, signerName: nodeClient, usages: clientUsages };
  await own.clientAs(bootstrapper).create(certificateSigningRequests, { metadata: { name: 'answered' }, spec });
  await own.client.create(certificateSigningRequests, {
    metadata: { name: 'waits' },
    spec: { ...spec, signerName: 'example.com/signer' },
  });
  const names = async () =>
    (await own.client.list(certificateSigningRequests)).items.map(({ metadata }) => metadata.name);
  await own.advance('59m');
  expect(await names()).toEqual(['answered', 'waits']);
  await own.advance('2m');
  expect(await names()).toEqual(['waits']);
});
