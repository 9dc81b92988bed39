import { beforeEach, describe, expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { PersistentVolume, Pod } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumes, podCertificateRequests, pods } from '../../resources/schema/resource-types.generated.ts';
import type { RequestInfo, ResourceRequestInfo, UserInfo } from '../request.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { NodeGraph } from './node-graph.ts';

const n1: UserInfo = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'], extra: {} };

let podInformer: FakeInformer<Pod>;
let volumes: FakeInformer<PersistentVolume>;
let requests: FakeInformer<PodCertificateRequest>;
let graph: NodeGraph;
let authorizer: NodeAuthorizer;

beforeEach(() => {
  podInformer = new FakeInformer<Pod>(pods);
  volumes = new FakeInformer<PersistentVolume>(persistentVolumes);
  requests = new FakeInformer<PodCertificateRequest>(podCertificateRequests);
  graph = new NodeGraph(podInformer, volumes, requests);
  authorizer = new NodeAuthorizer(graph, [
    { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['services'] },
  ]);
});

/** `get secrets/name`, `create serviceaccounts/name/token`: namespaced in `apps` unless told otherwise. */
function info(verb: string, what: string, more: Partial<ResourceRequestInfo> = {}): RequestInfo {
  const [resource = '', name = '', subresource = ''] = what.split('/');
  return {
    isResource: true,
    path: '',
    verb,
    group: '',
    version: 'v1',
    resource,
    subresource,
    namespace: 'apps',
    name,
    fieldSelector: '',
    labelSelector: '',
    ...more,
  };
}

function pod(name: string, node: string, spec: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { name, namespace: 'apps', uid: `${name}-uid` },
    spec: { containers: [{ name: 'c' }], serviceAccountName: 'robot', ...spec, ...(node !== '' && { nodeName: node }) },
  };
}

const verdict = (request: RequestInfo, user = n1) => {
  const { decision, reason } = authorizer.authorize(user, request);
  return decision === 'allow' ? 'allow' : reason.replace('node: ', '');
};
const unrelated = "no relationship found between node 'n1' and this object";

test('a node reads what its pods refer to, and nothing once they are gone', () => {
  const spec: Partial<Pod['spec']> = {
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'init' } }, { configMapRef: { name: 'init' } }] }],
    containers: [
      {
        name: 'c',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'env', key: 'k' } } },
        ],
      },
    ],
    volumes: [
      { name: 'a', secret: { secretName: 'volume' } },
      { name: 'b', configMap: { name: 'volume' } },
      { name: 'c', projected: { sources: [{ secret: { name: 'part' } }, { configMap: { name: 'part' } }] } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'e', ephemeral: {} },
    ],
  };
  const related = [
    ...['pull', 'init', 'env', 'volume', 'part'].map((name) => info('get', `secrets/${name}`)),
    ...['init', 'env', 'volume', 'part'].map((name) => info('watch', `configmaps/${name}`)),
    ...['data', 'web-e'].map((name) => info('get', `persistentvolumeclaims/${name}`)),
    info('patch', 'persistentvolumeclaims/data/status'),
    info('get', 'pods/web'),
    info('get', 'serviceaccounts/robot'),
    info('create', 'serviceaccounts/robot/token'),
  ];
  expect(related.map((request) => verdict(request))).toEqual(related.map(() => unrelated));
  podInformer.set(pod('web', '', spec));
  expect(verdict(info('get', 'secrets/env'))).toBe(unrelated);
  podInformer.set(pod('web', 'n1', spec));
  expect(related.map((request) => verdict(request))).toEqual(related.map(() => 'allow'));
  expect(verdict(info('get', 'secrets/env', { namespace: 'other' }))).toBe(unrelated);
  expect(verdict(info('get', 'secrets/env'), { ...n1, username: 'system:node:n2' })).toContain("'n2'");
  podInformer.remove('web', 'apps');
  expect(related.map((request) => verdict(request))).toEqual(related.map(() => unrelated));
});

test('an object stays as long as one pod of the node refers to it', () => {
  podInformer.set(pod('a', 'n1'));
  podInformer.set(pod('b', 'n1'));
  podInformer.remove('a', 'apps');
  expect(verdict(info('get', 'serviceaccounts/robot'))).toBe('allow');
  podInformer.set({ ...pod('b', 'n2'), metadata: { name: 'b', namespace: 'apps', uid: 'new' } });
  expect(verdict(info('get', 'serviceaccounts/robot'))).toBe(unrelated);
});

test('volumes and their secrets are reached through claims', () => {
  podInformer.set(pod('web', 'n1', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] }));
  const volume: PersistentVolume = {
    metadata: { name: 'pv' },
    spec: {
      claimRef: { namespace: 'apps', name: 'data' },
      csi: {
        driver: 'd',
        volumeHandle: 'h',
        nodePublishSecretRef: { name: 'mount', namespace: 'system' },
        controllerPublishSecretRef: { name: 'attach', namespace: 'system' },
      },
    },
  };
  volumes.set(volume);
  expect(verdict(info('get', 'persistentvolumes/pv', { namespace: '' }))).toBe('allow');
  expect(verdict(info('get', 'secrets/mount', { namespace: 'system' }))).toBe('allow');
  expect(verdict(info('get', 'secrets/attach', { namespace: 'system' }))).toBe(unrelated);
  volumes.set({ ...volume, spec: { ...volume.spec, claimRef: { namespace: 'apps', name: 'other' } } });
  expect(verdict(info('get', 'persistentvolumes/pv', { namespace: '' }))).toBe(unrelated);
  volumes.set(volume);
  volumes.remove('pv');
  expect(verdict(info('get', 'secrets/mount', { namespace: 'system' }))).toBe(unrelated);
});

test('a mirror pod opens nothing but itself', () => {
  const mirror = pod('m', 'n1', { volumes: [{ name: 'a', secret: { secretName: 's' } }] });
  podInformer.set({ ...mirror, metadata: { ...mirror.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } });
  expect(verdict(info('get', 'pods/m'))).toBe('allow');
  expect(verdict(info('get', 'secrets/s'))).toBe(unrelated);
});

test('an ephemeral container brings its references along', () => {
  const web = pod('web', 'n1');
  podInformer.set(web);
  const debug = { name: 'd', envFrom: [{ secretRef: { name: 'late' } }] };
  podInformer.set({ ...web, spec: { containers: [], ...web.spec, ephemeralContainers: [debug] } });
  expect(verdict(info('get', 'secrets/late'))).toBe('allow');
});

describe('without a look at the graph', () => {
  const lease = { group: 'coordination.k8s.io', namespace: 'kube-node-lease' };
  const csi = { group: 'storage.k8s.io', namespace: '' };
  test.each<[RequestInfo, string]>([
    [info('get', 'nodes/n1', { namespace: '' }), 'allow'],
    [info('get', 'nodes/n2', { namespace: '' }), "node 'n1' cannot read 'n2', only its own Node object"],
    [info('list', 'nodes', { namespace: '' }), "node 'n1' cannot read all nodes, only its own Node object"],
    [info('watch', 'nodes/n1', { namespace: '' }), 'allow'],
    [info('create', 'nodes', { namespace: '' }), 'allow'],
    [info('patch', 'nodes/n1/status', { namespace: '' }), 'allow'],
    [info('delete', 'nodes/n1', { namespace: '' }), ''],
    [info('list', 'pods', { namespace: '', fieldSelector: 'spec.nodeName=n1' }), 'allow'],
    [info('watch', 'pods', { namespace: '', fieldSelector: 'a=b,spec.nodeName==n1' }), 'allow'],
    [
      info('list', 'pods', { fieldSelector: 'spec.nodeName=n2' }),
      'can only list/watch pods with spec.nodeName field selector',
    ],
    [
      info('list', 'pods', { fieldSelector: 'spec.nodeName!=n1' }),
      'can only list/watch pods with spec.nodeName field selector',
    ],
    [info('patch', 'pods/web/status'), 'allow'],
    [info('create', 'pods/web/eviction'), 'allow'],
    [info('patch', 'pods/web'), ''],
    [info('get', 'leases/n1', lease), 'allow'],
    [info('create', 'leases', lease), 'allow'],
    [info('update', 'leases/n2', lease), 'can only access node lease with the same name as the requesting node'],
    [info('list', 'leases', lease), 'can only get, create, update, patch, or delete a node lease'],
    [
      info('get', 'leases/n1', { ...lease, namespace: 'apps' }),
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [info('patch', 'csinodes/n1', csi), 'allow'],
    [info('patch', 'csinodes/n2', csi), 'can only access CSINode with the same name as the requesting node'],
    [info('list', 'secrets'), 'No Object name found'],
    [info('update', 'secrets/a'), 'can only read resources of this type'],
    [info('list', 'persistentvolumeclaims'), 'can only get individual resources of this type'],
    [info('delete', 'serviceaccounts/robot'), 'can only create tokens for individual service accounts'],
    [info('list', 'services', { namespace: '' }), 'allow'],
    [info('list', 'deployments', { group: 'apps' }), ''],
    [{ isResource: false, verb: 'get', path: '/metrics' }, ''],
  ])('%j', (request, expected) => {
    expect(verdict(request)).toBe(expected);
  });
});

test.each<[UserInfo, string]>([
  [{ ...n1, groups: ['system:authenticated'] }, ''],
  [{ ...n1, username: 'bob' }, ''],
  [{ ...n1, username: 'system:node:' }, 'unknown node for user "system:node:"'],
])('only nodes are nodes: %j', (user, expected) => {
  expect(verdict(info('list', 'services', { namespace: '' }), user)).toBe(expected);
});

test('the graph lets go of its informers', () => {
  graph.close();
  expect(podInformer.handlerCount + volumes.handlerCount).toBe(0);
});

test('a node sees the requests for certificates that name it', () => {
  const group = 'certificates.k8s.io';
  const spec = { nodeName: 'n1' } as PodCertificateRequest['spec'];
  requests.set({ metadata: { namespace: 'apps', name: 'r1' }, spec });
  const may = (verb: string, what: string, more: Partial<ResourceRequestInfo> = {}, user = n1) =>
    authorizer.authorize(user, info(verb, what, { group, ...more })).decision === 'allow';
  expect(may('get', 'podcertificaterequests/r1')).toBe(true);
  expect(may('get', 'podcertificaterequests/r2')).toBe(false);
  expect(may('get', 'podcertificaterequests/r1', {}, { ...n1, username: 'system:node:n2' })).toBe(false);
  expect(may('watch', 'podcertificaterequests', { fieldSelector: 'spec.nodeName=n1' })).toBe(true);
  expect(may('watch', 'podcertificaterequests', { fieldSelector: 'spec.nodeName=n2' })).toBe(false);
  requests.remove('r1', 'apps');
  expect(may('get', 'podcertificaterequests/r1')).toBe(false);
});
