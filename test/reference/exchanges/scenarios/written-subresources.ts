import { asTable, get, partial, patch, post, put, remove, type Scenario } from '../scenario.ts';
import { deployment, deployments, pods, spec } from './written-objects.ts';

/** How objects are written by their subresources. */
export const writtenSubresources: readonly Scenario[] = [
  {
    what: 'subresources',
    steps: [
      post(deployments, deployment),
      get(`${deployments}/web/scale`),
      put(`${deployments}/web/scale`, { metadata: { name: 'web' }, spec: { replicas: 3 } }),
      put(`${deployments}/web/scale`, { metadata: { name: 'other' }, spec: { replicas: 3 } }),
      put(`${deployments}/web/scale`, { metadata: { name: 'web' }, spec: { replicas: -1 } }),
      put(`${deployments}/web/scale`, { metadata: { name: 'web', resourceVersion: '1' }, spec: { replicas: 1 } }),
      patch('merge', `${deployments}/web/scale`, { spec: { replicas: 4 } }),
      patch('json', `${deployments}/web/scale`, [{ op: 'replace', path: '/spec/replicas', value: 5 }]),
      patch('strategic', `${deployments}/web/scale`, { spec: { replicas: 6 } }),
      put(`${deployments}/web/scale`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }),
      get(`${deployments}/unknown/scale`),
      put(`${deployments}/unknown/scale`, { metadata: { name: 'unknown' }, spec: {} }),
      patch('merge', `${deployments}/web/status`, { status: { replicas: 2 }, spec: { replicas: 9 } }),
      get(`${deployments}/web/unknown`),
      post(`${deployments}/web/scale`, {}),
      remove(`${deployments}/web/scale`),
      get(`${deployments}/web/status/more`),
      get(`${deployments}/web/scale`, asTable),
      get(`${deployments}/web/scale?includeObject=Object`, asTable),
      get(`${deployments}/web/scale`, partial('PartialObjectMetadata')),
      get(`${deployments}/web/status`, asTable),
    ],
  },
  {
    what: 'binding and eviction',
    steps: [
      post(pods, { metadata: { name: 'a', labels: { app: 'web' } }, spec }),
      post(`${pods}/a/binding`, { metadata: { name: 'a' }, target: { kind: 'Pod', name: 'one' } }),
      post(`${pods}/a/binding`, { metadata: { name: 'a' }, target: {} }),
      post(`${pods}/a/binding`, { metadata: { name: 'b' }, target: { kind: 'Node', name: 'one' } }),
      post(`${pods}/a/binding`, {
        metadata: { name: 'a', annotations: { x: 'y' } },
        target: { kind: 'Node', name: 'one' },
      }),
      post(`${pods}/a/binding`, { metadata: { name: 'a' }, target: { kind: 'Node', name: 'two' } }),
      post(`${pods}/unknown/binding`, { metadata: { name: 'unknown' }, target: { kind: 'Node', name: 'one' } }),
      get(`${pods}/a`),
      post('/api/v1/namespaces/{ns}/bindings', {
        metadata: { name: 'unknown' },
        target: { kind: 'Node', name: 'one' },
      }),
      post(`${pods}/unknown/eviction`, { metadata: { name: 'unknown' } }),
      post(`${pods}/a/eviction`, { metadata: { name: 'b' } }),
      post(`${pods}/a/eviction?dryRun=All`, { metadata: { name: 'a' } }),
      post(`${pods}/a/eviction?dryRun=All`, {
        apiVersion: 'policy/v1beta1',
        kind: 'Eviction',
        metadata: { name: 'a' },
      }),
      post(`${pods}/a/eviction`, { apiVersion: 'policy/v1beta2', kind: 'Eviction', metadata: { name: 'a' } }),
      post('/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
        metadata: { name: 'all' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      }),
      patch('merge', `${pods}/a/status`, {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      }),
      post(`${pods}/a/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } }),
      remove('/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets/all'),
      post(`${pods}/a/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } }),
      get(`${pods}/a/eviction`),
    ],
  },
];
