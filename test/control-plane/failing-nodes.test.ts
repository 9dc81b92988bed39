import { expect, test } from 'vitest';
import {
  type Cluster,
  createCluster,
  deployments,
  events,
  nodes,
  pods,
  type SimulatedNodeOptions,
  statefulSets,
} from '../../src/testing.ts';

async function withCluster(
  nodeOptions: number | readonly SimulatedNodeOptions[],
  body: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await createCluster({ time: 'virtual', nodes: nodeOptions });
  try {
    await cluster.advance('15s');
    await body(cluster);
  } finally {
    await cluster.close();
  }
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'app:1' }] },
});
const workload = (app: string, replicas: number) => ({
  metadata: { namespace: 'default', name: app },
  spec: { replicas, selector: { matchLabels: { app } }, template: template(app) },
});

const isReady = (object: {
  status?: { conditions?: readonly { type: string; status: string }[] | undefined } | undefined;
}) => object.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const readyStatus = async ({ client }: Cluster, name: string) => isReady(await client.get(nodes, { name }));
const podsOf = async ({ client }: Cluster, app: string) =>
  (await client.list(pods, { labelSelector: `app=${app}` })).items;
const taintKeys = async ({ client }: Cluster, name: string) =>
  ((await client.get(nodes, { name })).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
const leaving = (pod: { metadata: { deletionTimestamp?: string | undefined } }) =>
  pod.metadata.deletionTimestamp !== undefined;

test('a node that is cut off is NotReady in time, its pods are replaced after 300 s, and those that it still has end when it returns', () =>
  withCluster(4, async (cluster) => {
    await cluster.client.create(deployments, workload('web', 8));
    await cluster.advance('15s');
    const lost = (await podsOf(cluster, 'web')).filter(({ spec }) => spec?.nodeName === 'node-0');
    expect(lost).toHaveLength(2);
    cluster.nodes.get('node-0').cutOff();
    await cluster.advance('40s');
    expect(await readyStatus(cluster, 'node-0')).toBe('True');
    await cluster.advance('25s');
    expect(await readyStatus(cluster, 'node-0')).toBe('Unknown');
    expect(await taintKeys(cluster, 'node-0')).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    expect((await podsOf(cluster, 'web')).filter((pod) => isReady(pod) === 'True')).toHaveLength(6);
    await cluster.advance('270s');
    expect(await podsOf(cluster, 'web')).toHaveLength(8);
    await cluster.advance('60s');
    const after = await podsOf(cluster, 'web');
    expect(
      after
        .filter(leaving)
        .map(({ metadata }) => metadata.uid)
        .sort(),
    ).toEqual(lost.map(({ metadata }) => metadata.uid).sort());
    expect(after.filter((pod) => isReady(pod) === 'True')).toHaveLength(8);
    cluster.nodes.get('node-0').reconnect();
    await cluster.advance('60s');
    expect(await readyStatus(cluster, 'node-0')).toBe('True');
    expect(await taintKeys(cluster, 'node-0')).toEqual([]);
    expect(await podsOf(cluster, 'web')).toHaveLength(8);
    const told = (await cluster.client.list(events)).items.filter(({ reason }) => reason === 'TaintManagerEviction');
    expect(told.map(({ message }) => message).sort()).toEqual(
      lost.map(({ metadata }) => `Marking for deletion Pod default/${metadata.name}`).sort(),
    );
    expect(told[0]?.source?.component).toBe('taint-eviction-controller');
  }));

test('a node that returns before its pods had to go keeps them, containers and all', () =>
  withCluster(3, async (cluster) => {
    await cluster.client.create(deployments, workload('web', 6));
    await cluster.advance('15s');
    const before = await podsOf(cluster, 'web');
    const containers = async () =>
      (await cluster.nodes.get('node-1').runtime.listContainers()).map(({ id }) => id).sort();
    const idsBefore = await containers();
    cluster.nodes.get('node-1').cutOff();
    await cluster.advance('300s');
    expect(await taintKeys(cluster, 'node-1')).toContain('node.kubernetes.io/unreachable:NoExecute');
    cluster.nodes.get('node-1').reconnect();
    await cluster.advance('350s');
    expect(await taintKeys(cluster, 'node-1')).toEqual([]);
    const after = await podsOf(cluster, 'web');
    expect(after.map(({ metadata }) => metadata.uid).sort()).toEqual(before.map(({ metadata }) => metadata.uid).sort());
    expect(after.every((pod) => isReady(pod) === 'True')).toBe(true);
    expect(await containers()).toEqual(idsBefore);
  }));

test('a pod of a StatefulSet is never in two places', () =>
  withCluster(3, async (cluster) => {
    const { client } = cluster;
    const db = workload('db', 3);
    await client.create(statefulSets, { ...db, spec: { ...db.spec, serviceName: 'db' } });
    await cluster.advance('30s');
    const lost = (await podsOf(cluster, 'db')).find(({ spec }) => spec?.nodeName === 'node-0');
    const name = lost?.metadata.name ?? '';
    const current = () => client.get(pods, { namespace: 'default', name });
    cluster.nodes.get('node-0').cutOff();
    await cluster.advance('7m');
    expect((await current()).metadata.uid).toBe(lost?.metadata.uid);
    expect(leaving(await current())).toBe(true);
    cluster.nodes.get('node-0').reconnect();
    await cluster.advance('90s');
    const successor = await current();
    expect(successor.metadata.uid).not.toBe(lost?.metadata.uid);
    expect(isReady(successor)).toBe('True');
    // The other way out: somebody who knows that the machine is off says so.
    const nodeName = successor.spec?.nodeName ?? '';
    await cluster.nodes.get(nodeName).powerOff();
    await cluster.advance('7m');
    expect(leaving(await current())).toBe(true);
    const node = await client.get(nodes, { name: nodeName });
    const taints = [
      ...(node.spec?.taints ?? []),
      { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' },
    ];
    await client.update(nodes, { ...node, spec: { ...node.spec, taints } });
    await cluster.advance('60s');
    expect((await current()).spec?.nodeName).not.toBe(nodeName);
    expect(isReady(await current())).toBe('True');
  }));

const zone = (name: string, count: number): readonly SimulatedNodeOptions[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `${name}-${index}`,
    maxPods: 12,
    labels: { 'topology.kubernetes.io/zone': name },
  }));
const tainted = async ({ client }: Cluster, prefix: string) =>
  (await client.list(nodes)).items.filter(
    ({ metadata, spec }) =>
      metadata.name?.startsWith(prefix) && spec?.taints?.some(({ effect }) => effect === 'NoExecute'),
  ).length;

test('nodes of one zone are given up one by one, ten seconds apart', () =>
  withCluster([...zone('a', 8), ...zone('b', 2)], async (cluster) => {
    for (let index = 0; index < 4; index++) cluster.nodes.get(`a-${index}`).cutOff();
    await cluster.advance('65s');
    const atFirst = await tainted(cluster, 'a-');
    expect(atFirst).toBeGreaterThanOrEqual(1);
    expect(atFirst).toBeLessThanOrEqual(2);
    await cluster.advance('10s');
    expect(await tainted(cluster, 'a-')).toBe(atFirst + 1);
    await cluster.advance('30s');
    expect(await tainted(cluster, 'a-')).toBe(4);
  }));

test(
  'when most of a zone is gone its pods stay where they are, until most of it is back',
  () =>
    withCluster([...zone('a', 6), ...zone('b', 3)], async (cluster) => {
      const { client } = cluster;
      await client.create(deployments, workload('web', 27));
      await cluster.advance('60s');
      const before = await podsOf(cluster, 'web');
      expect(before.filter((pod) => isReady(pod) === 'True')).toHaveLength(27);
      for (let index = 0; index < 5; index++) cluster.nodes.get(`a-${index}`).cutOff();
      await cluster.advance('8m');
      expect(await tainted(cluster, 'a-')).toBeLessThanOrEqual(1);
      const moved = (await podsOf(cluster, 'web')).filter(leaving);
      expect(moved.length).toBeLessThanOrEqual(5);
      // With the zone well again, those that are still away are given up as usual.
      for (let index = 0; index < 3; index++) cluster.nodes.get(`a-${index}`).reconnect();
      await cluster.advance('2m');
      expect(await tainted(cluster, 'a-')).toBe(2);
    }),
  60_000,
);

test('when every node is gone nothing is evicted, and what was decided before is taken back', () =>
  withCluster(4, async (cluster) => {
    await cluster.client.create(deployments, workload('web', 8));
    await cluster.advance('15s');
    const uids = async () => (await podsOf(cluster, 'web')).map(({ metadata }) => metadata.uid).sort();
    const before = await uids();
    cluster.nodes.get('node-0').cutOff();
    await cluster.advance('120s');
    expect(await taintKeys(cluster, 'node-0')).toContain('node.kubernetes.io/unreachable:NoExecute');
    for (const node of cluster.nodes.list()) node.cutOff();
    await cluster.advance('8m');
    expect(await tainted(cluster, 'node-')).toBe(0);
    expect(await uids()).toEqual(before);
    for (const node of cluster.nodes.list()) node.reconnect();
    await cluster.advance('6m');
    expect(await uids()).toEqual(before);
    expect((await podsOf(cluster, 'web')).every((pod) => isReady(pod) === 'True')).toBe(true);
  }));

test('pods of a node that was deleted are given up, and say why', () =>
  withCluster(3, async (cluster) => {
    const { client } = cluster;
    await client.create(deployments, workload('web', 6));
    await cluster.advance('15s');
    const lost = (await podsOf(cluster, 'web')).filter(({ spec }) => spec?.nodeName === 'node-2');
    const [first] = lost;
    const held = { namespace: 'default', name: first?.metadata.name ?? '' };
    await client.patch(pods, held, { type: 'merge', body: { metadata: { finalizers: ['test/hold'] } } });
    await cluster.nodes.remove('node-2');
    await cluster.advance('90s');
    const after = await podsOf(cluster, 'web');
    expect(after.filter((pod) => isReady(pod) === 'True' && !leaving(pod))).toHaveLength(6);
    const { status } = await client.get(pods, held);
    expect(status?.phase).toBe('Failed');
    expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
    });
  }));
