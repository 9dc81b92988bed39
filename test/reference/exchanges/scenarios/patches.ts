import { apply, get, patch, post, put, type Topic } from '../scenario.ts';

const maps = '/api/v1/namespaces/{ns}/configmaps';
const map = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data });
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';
const container = { name: 'main', image: 'web:1' };
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
    ...spec,
  },
});
const limited = (memory: unknown) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ ...container, resources: { limits: { memory } } }] },
});
const pulling = (imagePullSecrets: readonly object[]) =>
  deployment({
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container], imagePullSecrets } },
  });
const a = `${maps}/a`;
const web = `${deployments}/web`;

/** Each type of patch, and server-side apply with its conflicts. */
export const patches: Topic = {
  name: 'patches',
  scenarios: [
    {
      what: 'JSON patch',
      steps: [
        post(maps, map({ a: '1' }), { as: 'made' }),
        patch('json', a, [{ op: 'add', path: '/data/b', value: '2' }]),
        patch('json', a, [
          { op: 'test', path: '/data/b', value: '2' },
          { op: 'remove', path: '/data/b' },
        ]),
        patch('json', a, [{ op: 'test', path: '/data/a', value: '2' }]),
        patch('json', a, [{ op: 'remove', path: '/data/unknown' }]),
        patch('json', a, [{ op: 'replace', path: '/nowhere/at/all', value: 1 }]),
        patch('json', a, [{ op: 'move', from: '/data/a', path: '/data/c' }]),
        patch('json', a, [{ op: 'copy', from: '/data/c', path: '/data/d' }]),
        patch('json', a, [{ op: 'jump', path: '/data/d' }]),
        patch('json', a, [{ path: '/data/d' }]),
        patch('json', a, { op: 'remove', path: '/data/d' }),
        patch('json', a, 'no JSON'),
        patch('json', a, []),
        patch('json', a, [{ op: 'add', path: '/metadata/labels', value: { 'not valid': 'x' } }]),
        patch('json', a, [{ op: 'replace', path: '/metadata/name', value: 'b' }]),
        patch('json', a, [{ op: 'replace', path: '/metadata/uid', value: 'b' }]),
        patch('json', a, [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }]),
        patch('json', a, [{ op: 'replace', path: '/kind', value: 'Secret' }]),
        patch('json', a, [{ op: 'add', path: '/unknown', value: 1 }]),
        patch('json', `${maps}/unknown`, [{ op: 'remove', path: '/data' }]),
      ],
    },
    {
      what: 'merge patch',
      steps: [
        post(maps, map({ a: '1' }), { as: 'made' }),
        patch('merge', a, { data: { b: '2', a: null } }),
        patch('merge', a, { data: { b: '2' } }),
        patch('merge', a, { metadata: { resourceVersion: '{made.metadata.resourceVersion}' }, data: { b: '3' } }),
        patch('merge', a, { metadata: { uid: 'other' } }),
        patch('merge', a, { metadata: { name: 'other' } }),
        patch('merge', a, { metadata: { namespace: 'other' } }),
        patch('merge', a, { apiVersion: 'v2' }),
        patch('merge', a, { data: 'text' }),
        patch('merge', a, { data: null }),
        patch('merge', a, { metadata: { labels: { a: 1 } } }),
        patch('merge', a, { metadata: { finalizers: ['not qualified'] } }),
        patch('merge', a, { metadata: { finalizers: ['example.com/x'], annotations: { b: 'c' } } }),
        patch('merge', a, { metadata: { generateName: 'x', creationTimestamp: '2020-01-01T00:00:00Z' } }),
        patch('merge', a, { metadata: { managedFields: [] } }),
        patch('merge', a, []),
        patch('merge', a, 'no JSON'),
        patch('merge', a, ''),
        patch('merge', a, 'null'),
        patch('merge', `${maps}/unknown`, {}),
      ],
    },
    {
      what: 'strategic merge patch',
      steps: [
        post(deployments, deployment({})),
        patch('strategic', web, {
          spec: {
            template: {
              spec: {
                containers: [
                  { name: 'side', image: 'log:1' },
                  { name: 'main', image: 'web:2' },
                ],
              },
            },
          },
        }),
        patch('strategic', web, { spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } } }),
        patch('strategic', web, {
          spec: {
            template: {
              spec: { containers: [{ name: 'main', ports: [{ containerPort: 80 }, { containerPort: 81 }] }] },
            },
          },
        }),
        patch('strategic', web, {
          spec: {
            template: { spec: { containers: [{ name: 'main', '$setElementOrder/ports': [{ containerPort: 81 }] }] } },
          },
        }),
        patch('strategic', web, {
          spec: { template: { spec: { '$setElementOrder/containers': [], containers: [{ image: 'no-name' }] } } },
        }),
        patch('strategic', web, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
        patch('strategic', web, {
          metadata: { '$setElementOrder/finalizers': ['example.com/a'], finalizers: ['example.com/a'] },
        }),
        patch('strategic', web, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }),
        patch('strategic', web, {
          spec: { template: { $patch: 'replace', spec: { containers: [{ ...container, name: 'only' }] } } },
        }),
        patch('strategic', web, { spec: { template: { $patch: 'jump' } } }),
        patch('strategic', web, { spec: { replicas: 'many' } }),
        patch('strategic', web, { spec: { selector: null } }),
        patch('strategic', web, []),
        patch('strategic', `${deployments}/unknown`, {}),
      ],
    },
    {
      what: 'apply',
      steps: [
        apply(a, 'one', map({ a: '1', b: '1' })),
        apply(a, 'one', map({ a: '1', b: '1' })),
        apply(a, 'two', map({ c: '1' })),
        apply(a, 'two', map({ a: '2', b: '2', c: '1' })),
        apply(a, 'two', map({ a: '1' })),
        apply(a, 'two', map({ a: '2' }), true),
        apply(a, 'one', map({})),
        patch('merge', `${a}?fieldManager=three`, { data: { a: '3' } }),
        apply(a, 'two', map({ a: '2' })),
        apply(a, 'two', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } }),
        apply(a, 'two', {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', managedFields: [{ manager: 'x' }] },
        }),
        apply(a, 'two', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
        apply(a, 'two', { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } }),
        apply(a, 'two', { metadata: { name: 'a' } }),
        apply(a, 'two', { ...map({}), unknown: 1 }),
        apply(a, 'two', map({ a: 1 })),
        apply(a, 'two', 'a: [1'),
        apply(a, 'two', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  yaml: "yes"\n'),
        apply(a, '', map({})),
        patch('apply', a, map({})),
        patch('apply', `${a}?fieldManager=${'x'.repeat(129)}`, map({})),
        patch('merge', `${a}?fieldManager=one&force=true`, {}),
        apply(`${maps}/{ns}-b`, 'one', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { uid: 'x', name: '{ns}-b' } }),
        apply(`${a}`, 'one', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion: '1', name: 'a' } }),
      ],
    },
    {
      what: 'apply of values that do not fit',
      steps: [
        apply(web, 'one', deployment({ template: limited('1GB') })),
        apply(web, 'one', deployment({ template: limited(true) })),
        apply(web, 'one', deployment({ template: limited(1.5) })),
        apply(web, 'one', deployment({ template: limited('64Mi') })),
        apply(web, 'two', deployment({ template: limited('64 Mi') }), true),
        apply(web, 'one', deployment({ replicas: 1.5 })),
        apply(web, 'one', deployment({ replicas: 4_294_967_298 })),
        apply(web, 'one', deployment({ strategy: { rollingUpdate: { maxSurge: true } } })),
        apply(web, 'one', deployment({ strategy: { rollingUpdate: { maxSurge: 0.5 } } })),
        apply(web, 'one', deployment({ strategy: { rollingUpdate: { maxSurge: {} } } })),
        apply(web, 'one', deployment({ strategy: { rollingUpdate: { maxSurge: [1] } } })),
        apply(web, 'one', pulling([{ name: { a: 'b' } }])),
        apply(web, 'one', pulling([{ name: 'a' }, {}])),
        apply(web, 'one', pulling([{}, {}])),
        apply('/api/v1/namespaces/{ns}/secrets/a', 'one', {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'a' },
          data: { key: 'not base64' },
        }),
        apply('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/a', 'one', {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: 'a' },
          spec: { renewTime: 'yesterday' },
        }),
      ],
    },
    {
      what: 'apply to lists',
      steps: [
        apply(web, 'one', deployment({})),
        apply(web, 'scaler', {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: { replicas: 2 },
        }),
        apply(web, 'one', deployment({ replicas: 3 })),
        apply(web, 'side', {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: {
            template: { spec: { containers: [{ name: 'side', image: 'log:1', ports: [{ containerPort: 80 }] }] } },
          },
        }),
        apply(web, 'side', {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: { template: { spec: { containers: [{ name: 'main', image: 'web:2' }] } } },
        }),
        apply(web, 'side', {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: { template: { spec: { containers: [container, container] } } },
        }),
        apply(web, 'side', {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: { template: { spec: { containers: [{ image: 'no-name' }] } } },
        }),
        patch('apply', `${web}/status?fieldManager=status`, {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          status: { replicas: 2, conditions: [{ type: 'Available', status: 'True' }] },
        }),
        patch('apply', `${web}/status?fieldManager=other`, {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          status: { replicas: 3 },
        }),
        patch('apply', `${web}/scale?fieldManager=scale`, {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'web', namespace: '{ns}' },
          spec: { replicas: 4 },
        }),
        patch('apply', `${web}/scale?fieldManager=scale&force=true`, {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'web', namespace: '{ns}' },
          spec: { replicas: 4 },
        }),
        get(web),
        put(web, deployment({ replicas: 5 })),
        apply(web, 'one', deployment({}), true),
      ],
    },
  ],
};
