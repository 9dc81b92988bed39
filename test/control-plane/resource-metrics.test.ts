import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../src/cluster/create-cluster.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { metricsNodes, metricsPods, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../src/wire/http-body.ts';

let cluster: Cluster;
beforeEach(async () => {
  const runtime = { program: () => ({ cpuCores: 0.25, memoryBytes: 64 * 2 ** 20 }) };
  cluster = await createCluster({
    time: 'virtual',
    nodes: [
      { name: 'node-0', runtime },
      { name: 'node-1', runtime },
    ],
  });
});
afterEach(() => cluster.close());

const run = (name: string, nodeName: string) =>
  cluster.client.create(pods, {
    metadata: { namespace: 'default', name, labels: { app: name } },
    spec: { nodeName, containers: [{ name: 'main', image: 'app:1' }] },
  });
const names = async (options: object = {}) =>
  (await cluster.client.list(metricsPods, options)).items.map(({ metadata }) => metadata.name);

async function get(path: string, accept = 'application/json') {
  const answer = await cluster.client.http.fetch({ method: 'GET', path, headers: { accept } });
  return JSON.parse(await readHttpText(answer.body));
}

test('tells what pods and nodes use as soon as there are two samples', async () => {
  await run('web', 'node-0');
  await cluster.advance('5s');
  expect(await names()).toEqual([]);
  const early = await cluster.client.get(metricsPods, { namespace: 'default', name: 'web' }).catch((e: unknown) => e);
  expect(isReason(early, 'NotFound')).toBe(true);
  await cluster.advance('35s');
  const [metrics] = (await cluster.client.list(metricsPods, { namespace: 'default' })).items;
  expect(metrics).toMatchObject({
    metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
    window: '15s',
    containers: [{ name: 'main', usage: { cpu: '250m', memory: '64Mi', swap: '0' } }],
  });
  expect((await cluster.client.get(metricsNodes, { name: 'node-0' })).usage).toMatchObject({
    cpu: '250m',
    memory: '64Mi',
  });
  expect((await cluster.client.get(metricsNodes, { name: 'node-1' })).usage['cpu']).toBe('0');
});

test('selects by labels and fields, and shows rows as metrics-server does', async () => {
  await run('web', 'node-0');
  await run('db', 'node-1');
  await cluster.advance('40s');
  expect(await names()).toEqual(['db', 'web']);
  expect(await names({ labelSelector: 'app=db' })).toEqual(['db']);
  expect(await names({ fieldSelector: 'metadata.name=web' })).toEqual(['web']);
  expect(await names({ namespace: 'kube-system' })).toEqual([]);
  const list = await get('/apis/metrics.k8s.io/v1beta1/pods');
  expect([list.kind, list.metadata]).toEqual(['PodMetricsList', {}]);
  const table = await get('/apis/metrics.k8s.io/v1beta1/nodes', 'application/json;as=Table;v=v1;g=meta.k8s.io');
  expect(table.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    'Name',
    'cpu',
    'memory',
    'swap',
    'Window',
  ]);
  expect(table.rows[0].cells).toEqual(['node-0', '250m', '64Mi', '0', '15s']);
  const discovery = await get('/apis/metrics.k8s.io/v1beta1');
  expect(discovery.resources).toMatchObject([
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ]);
  const openApi = await get('/openapi/v3/apis/metrics.k8s.io/v1beta1');
  expect(Object.keys(openApi.paths)).toContain('/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}');
});

test('of a node that does not answer, and of pods that are gone, nothing is known', async () => {
  await run('web', 'node-0');
  await run('db', 'node-1');
  await cluster.advance('40s');
  cluster.nodes.get('node-1').cutOff();
  await cluster.client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
  await cluster.advance('31s');
  expect(await names()).toEqual([]);
  const { items } = await cluster.client.list(metricsNodes);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['node-0']);
});

test('who may view a namespace may see what it uses', async () => {
  await cluster.client.http.fetch({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(
      JSON.stringify({
        metadata: { name: 'viewers' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'viewer' }],
      }),
    ),
  });
  await cluster.advance('5s');
  const viewer = cluster.clientAs({ username: 'viewer' });
  expect((await viewer.list(metricsPods, { namespace: 'default' })).items).toEqual([]);
  const refused = await viewer.list(metricsNodes).catch((e: unknown) => e);
  expect(isReason(refused, 'Forbidden')).toBe(true);
});
