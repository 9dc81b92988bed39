import { beforeEach, expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { realEnvironment } from '../../../test/support/environment.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import {
  certificateSigningRequests,
  configMaps,
  csiNodes,
  leases,
  nodes,
  persistentVolumeClaims,
  pods,
  serviceAccounts,
} from '../../resources/schema/resource-types.generated.ts';
import { createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import type { Authorizer, UserInfo } from '../request.ts';
import { NodeRestriction } from './node-restriction.ts';
import type { AdmissionAttributes } from './plugin.ts';

const n1: UserInfo = { username: 'system:node:n1', groups: ['system:nodes'], extra: {} };
let reader: FakeReader;
let mayAsk: string;
let plugin: NodeRestriction;

beforeEach(() => {
  reader = new FakeReader();
  reader.set(nodes, { metadata: { name: 'n1', uid: 'node-1' } });
  mayAsk = '';
  const authorizer: Authorizer = {
    name: 'test',
    authorize: (_, info) => ({
      decision: info.isResource && info.resource === mayAsk ? 'allow' : 'noOpinion',
      reason: '',
    }),
  };
  plugin = new NodeRestriction(reader, authorizer);
});

const write = (
  operation: AdmissionAttributes['operation'],
  type: ResourceType,
  object: KubeObject | undefined,
  more: Partial<AdmissionAttributes> = {},
) => verdict(plugin, attributes(operation, type, object, { user: n1, ...more }));

function pod(nodeName: string, metadata: Partial<Pod['metadata']> = {}, spec: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'apps', uid: 'pod-1', ...metadata },
    spec: { containers: [], nodeName, ...spec },
  };
}

const mirror: Partial<Pod['metadata']> = {
  annotations: { 'kubernetes.io/config.mirror': 'x' },
  ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-1', controller: true }],
};

test('users that are no nodes are not restricted', async () => {
  const old = pod('n2');
  const user = { username: 'bob', groups: [], extra: {} };
  expect(await write('UPDATE', pods, old, { old, user })).toBe('admitted');
  expect(await write('UPDATE', pods, old, { old, user: { ...n1, username: 'system:node:' } })).toBe(
    'pods "web" is forbidden: could not determine node from user "system:node:"',
  );
});

test('a node writes the status of its own pods, and nothing else of them', async () => {
  const status = (old: Pod, object: Pod = old) => write('UPDATE', pods, object, { old, subresource: 'status' });
  expect(await status(pod('n1'))).toBe('admitted');
  expect(await status(pod('n2'))).toBe(
    'pods "web" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
  );
  expect(await status(pod('n1'), pod('n1', { labels: { a: 'b' } }))).toBe(
    'pods "web" is forbidden: node "n1" cannot update labels through pod status',
  );
  const old = pod('n1');
  expect(await write('UPDATE', pods, old, { old })).toBe(
    'pods "web" is forbidden: unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
  );
  expect(await write('CREATE', pods, old, { subresource: 'binding' })).toBe(
    `pods "web" is forbidden: unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`,
  );
});

test('a node deletes and evicts its own pods', async () => {
  expect(await write('DELETE', pods, undefined, { old: pod('n1') })).toBe('admitted');
  expect(await write('DELETE', pods, undefined, { old: pod('n2') })).toBe(
    'pods "web" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
  );
  reader.set(pods, pod('n1'));
  const eviction = { metadata: { name: 'web', namespace: 'apps' } };
  expect(await write('CREATE', pods, eviction, { subresource: 'eviction' })).toBe('admitted');
  reader.set(pods, pod('n2'));
  expect(await write('CREATE', pods, eviction, { subresource: 'eviction' })).toBe(
    'pods "web" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
  );
});

test.each<[string, Pod, string]>([
  ['its own', pod('n1', mirror), 'admitted'],
  [
    'no mirror',
    pod('n1'),
    'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  ],
  ['elsewhere', pod('n2', mirror), 'node "n1" can only create pods with spec.nodeName set to itself'],
  [
    'no owner',
    pod('n1', { ...mirror, ownerReferences: [] }),
    'node "n1" can only create pods with an owner reference set to itself',
  ],
  [
    'another life of the node',
    pod('n1', {
      ...mirror,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'x', controller: true }],
    }),
    'node n1 UID mismatch: expected x got node-1',
  ],
  [
    'an account',
    pod('n1', mirror, { serviceAccountName: 's' }),
    'node "n1" can not create pods that reference serviceaccounts',
  ],
  [
    'a claim',
    pod('n1', mirror, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
    'node "n1" can not create pods that reference persistentvolumeclaims',
  ],
  [
    'a token',
    pod('n1', mirror, { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }),
    'node "n1" can not create pods that reference serviceaccounts (via projected volumes)',
  ],
  ['a directory', pod('n1', mirror, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'admitted'],
])('a mirror pod: %s', async (_, object, expected) => {
  expect(await write('CREATE', pods, object)).toBe(
    expected === 'admitted' ? expected : `pods "web" is forbidden: ${expected}`,
  );
});

test.each<[AdmissionAttributes['operation'], Node, Node | undefined, string]>([
  ['CREATE', { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', own: 'x' } } }, undefined, 'admitted'],
  [
    'CREATE',
    { metadata: { name: 'n2' } },
    undefined,
    'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
  ],
  [
    'CREATE',
    {
      metadata: {
        name: 'n1',
        labels: {
          'node-restriction.kubernetes.io/zone': 'a',
          'foo.k8s.io/x': 'a',
          'x.node.kubernetes.io/y': 'a',
          'node-role.kubernetes.io/control-plane': '',
        },
      },
    },
    undefined,
    'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: foo.k8s.io/x, node-restriction.kubernetes.io/zone, node-role.kubernetes.io/control-plane',
  ],
  [
    'UPDATE',
    { metadata: { name: 'n1' } },
    { metadata: { name: 'n1', labels: { 'foo.k8s.io/x': 'a' } } },
    'nodes "n1" is forbidden: is not allowed to modify labels: foo.k8s.io/x',
  ],
  [
    'UPDATE',
    { metadata: { name: 'n1' } },
    { metadata: { name: 'n1' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
    'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
  ],
  [
    'UPDATE',
    { metadata: { name: 'n1', labels: { 'foo.k8s.io/x': 'a', own: 'b' } } },
    { metadata: { name: 'n1', labels: { 'foo.k8s.io/x': 'a' } } },
    'admitted',
  ],
])('%s of node %j', async (operation, object, old, expected) => {
  expect(await write(operation, nodes, object, { old })).toBe(expected);
});

test('leases and CSI nodes are its own', async () => {
  const lease = (name: string, namespace = 'kube-node-lease') =>
    write('CREATE', leases, { metadata: { name, namespace } });
  expect(await lease('n1')).toBe('admitted');
  expect(await lease('n2')).toContain('can only access node lease with the same name as the requesting node');
  expect(await lease('n1', 'apps')).toContain('can only access leases in the "kube-node-lease" system namespace');
  expect(await write('CREATE', csiNodes, { metadata: { name: 'n1' } })).toBe('admitted');
  expect(await write('CREATE', csiNodes, { metadata: { name: 'n2' } })).toContain('can only access CSINode');
  expect(await write('CREATE', configMaps, { metadata: { name: 'x', namespace: 'apps' } })).toBe('admitted');
});

test('of a claim it writes capacity and conditions', async () => {
  const claim = (more: Partial<PersistentVolumeClaim>): PersistentVolumeClaim => ({
    metadata: { name: 'data', namespace: 'apps' },
    ...more,
  });
  const status = (object: PersistentVolumeClaim) =>
    write('UPDATE', persistentVolumeClaims, object, {
      old: claim({ status: { phase: 'Bound' } }),
      subresource: 'status',
    });
  expect(await status(claim({ status: { phase: 'Bound', capacity: { storage: '2Gi' } } }))).toBe('admitted');
  expect(await status(claim({ status: { phase: 'Lost' } }))).toContain('not allowed to update fields other than');
  expect(await write('UPDATE', persistentVolumeClaims, claim({}), { old: claim({}) })).toContain(
    'may only update PVC status',
  );
});

test.each<[string, object, string]>([
  ['its pod', { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' } }, 'admitted'],
  ['unbound', {}, 'node requested token not bound to a pod'],
  [
    'without a uid',
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web' } },
    'node requested token with a pod binding without a uid',
  ],
  [
    'another pod of that name',
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'x' } },
    'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
  ],
  [
    'a pod elsewhere',
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'away', uid: 'pod-2' } },
    'node requested token bound to a pod scheduled on a different node',
  ],
  [
    'an audience that the pod names',
    { audiences: ['vault'], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' } },
    'admitted',
  ],
  [
    'another audience',
    { audiences: ['x'], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' } },
    'system:node:n1 is not authorized to request tokens for audience "x"',
  ],
  [
    'an audience that the node may ask for',
    { audiences: ['allowed'], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' } },
    'admitted',
  ],
  [
    'two audiences',
    { audiences: ['a', 'b'], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' } },
    'node may only request 0 or 1 audiences',
  ],
])('a token for %s', async (_, spec, expected) => {
  mayAsk = 'allowed';
  const sources = [{ serviceAccountToken: { path: 't' } }, { serviceAccountToken: { path: 'v', audience: 'vault' } }];
  reader.set(pods, pod('n1', {}, { volumes: [{ name: 'v', projected: { sources } }] }));
  reader.set(pods, pod('n2', { name: 'away', uid: 'pod-2' }));
  const body = { metadata: { name: 'robot', namespace: 'apps' }, spec } as KubeObject;
  expect(await write('CREATE', serviceAccounts, body, { subresource: 'token' })).toBe(
    expected === 'admitted' ? expected : `serviceaccounts "robot" is forbidden: ${expected}`,
  );
});

const signers = { client: 'kubernetes.io/kube-apiserver-client-kubelet', serving: 'kubernetes.io/kubelet-serving' };
const onlyOwn =
  'certificatesigningrequests.certificates.k8s.io "r" is forbidden: can only create a node CSR with CN=system:node:n1';

test.each([
  ['system:node:n1', signers.client, 'admitted'],
  ['system:node:n1', signers.serving, 'admitted'],
  ['system:node:n2', signers.client, onlyOwn],
  ['system:node:n2', signers.serving, onlyOwn],
  ['admin', signers.client, onlyOwn],
  ['admin', 'example.com/signer', 'admitted'],
])('a node that asks for a certificate of %s from %s', async (commonName, signerName, expected) => {
  const pem = createCertificateRequest(
    { commonName, organizations: ['system:nodes'] },
    generateKeyPair(realEnvironment),
  );
  const request: CertificateSigningRequest = { metadata: { name: 'r' }, spec: { request: textBytes(pem), signerName } };
  expect(await write('CREATE', certificateSigningRequests, request)).toBe(expected);
  const unreadable = { ...request, spec: { ...request.spec, request: textBytes('x') } };
  const foreign = signerName === 'example.com/signer';
  expect(await write('CREATE', certificateSigningRequests, unreadable)).toMatch(
    foreign ? 'admitted' : 'unable to parse csr: PEM block type must be CERTIFICATE REQUEST',
  );
});
