import { describe, expect, test } from 'vitest';
import {
  type Cluster,
  configMaps,
  createCluster,
  deployments,
  events,
  namespaces,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  services,
  statefulSets,
} from '../../src/testing.ts';

const podSpec = { containers: [{ name: 'main', image: 'app:1' }] };

function deployment(name: string, replicas: number) {
  const labels = { app: name };
  return {
    metadata: { namespace: 'default', name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  };
}

/** Runs a body against a cluster in virtual time whose nodes are ready. */
async function withCluster(body: (cluster: Cluster) => Promise<void>, nodeCount = 2): Promise<void> {
  const cluster = await createCluster({ time: 'virtual', nodes: nodeCount });
  try {
    await cluster.advance('15s');
    await body(cluster);
  } finally {
    await cluster.close();
  }
}

const running = async ({ client }: Cluster) =>
  (await client.list(pods)).items.filter(({ status }) => status?.phase === 'Running');

describe('a cluster inside a test', () => {
  test('nodes become ready and have a range of addresses each', () =>
    withCluster(async (cluster) => {
      const { items } = await cluster.client.list(nodes);
      expect(items.map((node) => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status)).toEqual([
        'True',
        'True',
      ]);
      expect(new Set(items.map(({ spec }) => spec?.podCIDR)).size).toBe(2);
    }));

  test('a pod with a volume of its own gets a claim for it, which goes with the pod', () =>
    withCluster(async (cluster) => {
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } }];
      const mounts = [{ name: 'scratch', mountPath: '/scratch' }];
      await cluster.client.create(pods, {
        metadata: { namespace: 'default', name: 'web' },
        spec: { containers: [{ name: 'main', image: 'app:1', volumeMounts: mounts }], volumes },
      });
      await cluster.advance('30s');
      expect(await running(cluster)).toHaveLength(1);
      const claims = async () => (await cluster.client.list(persistentVolumeClaims)).items;
      expect((await claims()).map(({ metadata, status }) => `${metadata.name} ${status?.phase}`)).toEqual([
        'web-scratch Bound',
      ]);
      await cluster.client.delete(pods, { namespace: 'default', name: 'web' });
      await cluster.advance('90s');
      expect(await claims()).toEqual([]);
    }, 1));

  test('a Deployment runs, scales, and replaces what dies', () =>
    withCluster(async (cluster) => {
      const { client } = cluster;
      await client.create(deployments, deployment('web', 3));
      await cluster.advance('10s');
      expect(await running(cluster)).toHaveLength(3);
      const [victim] = await running(cluster);
      await client.delete(pods, { namespace: 'default', name: victim?.metadata.name ?? '' });
      await cluster.advance('45s');
      const after = await running(cluster);
      expect(after).toHaveLength(3);
      expect(after.map(({ metadata }) => metadata.name)).not.toContain(victim?.metadata.name);
      await client.patch(
        deployments,
        { namespace: 'default', name: 'web' },
        { type: 'merge', body: { spec: { replicas: 1 } } },
      );
      await cluster.advance('60s');
      expect(await running(cluster)).toHaveLength(1);
      expect((await client.get(deployments, { namespace: 'default', name: 'web' })).status).toMatchObject({
        replicas: 1,
        readyReplicas: 1,
      });
    }));

  test('a rolling update leaves no old pods, and the old ReplicaSet for going back', () =>
    withCluster(async (cluster) => {
      const { client } = cluster;
      await client.create(deployments, deployment('web', 3));
      await cluster.advance('10s');
      const body = { spec: { template: { spec: { containers: [{ name: 'main', image: 'app:2' }] } } } };
      await client.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'strategic', body });
      await cluster.advance('2m');
      expect((await running(cluster)).map(({ spec }) => spec?.containers[0]?.image)).toEqual([
        'app:2',
        'app:2',
        'app:2',
      ]);
      const { items } = await client.list(replicaSets);
      expect(items.map(({ spec }) => spec?.replicas).sort()).toEqual([0, 3]);
    }));

  test('pods of a StatefulSet have names, and volumes where they run', () =>
    withCluster(async (cluster) => {
      const { client } = cluster;
      const labels = { app: 'db' };
      await client.create(services, {
        metadata: { namespace: 'default', name: 'db' },
        spec: { clusterIP: 'None', selector: labels, ports: [{ port: 5432 }] },
      });
      await client.create(statefulSets, {
        metadata: { namespace: 'default', name: 'db' },
        spec: {
          replicas: 2,
          serviceName: 'db',
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: podSpec },
          volumeClaimTemplates: [
            {
              metadata: { name: 'data' },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          ],
        },
      });
      await cluster.advance('1m');
      expect((await running(cluster)).map(({ metadata }) => metadata.name).sort()).toEqual(['db-0', 'db-1']);
      const { items } = await client.list(persistentVolumeClaims);
      expect(items.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`).sort()).toEqual([
        'data-db-0 Bound',
        'data-db-1 Bound',
      ]);
    }));

  test('a node that is cut off is noticed, and trusted again when it is back', () =>
    withCluster(async (cluster) => {
      const { client } = cluster;
      await client.create(deployments, deployment('web', 4));
      await cluster.advance('10s');
      cluster.nodes.get('node-0').cutOff();
      await cluster.advance('70s');
      const lost = await client.get(nodes, { name: 'node-0' });
      expect(lost.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      });
      expect(lost.spec?.taints).toMatchObject([
        { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
      ]);
      const there = (await client.list(pods)).items.filter(({ spec }) => spec?.nodeName === 'node-0');
      expect(there.length).toBeGreaterThan(0);
      for (const { status } of there)
        expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
      cluster.nodes.get('node-0').reconnect();
      await cluster.advance('60s');
      const back = await client.get(nodes, { name: 'node-0' });
      expect(back.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
      expect(back.spec?.taints).toBeUndefined();
    }));

  test('why a pod is not running is told', () =>
    withCluster(async (cluster) => {
      const { client } = cluster;
      await client.create(pods, {
        metadata: { namespace: 'default', name: 'picky' },
        spec: { ...podSpec, nodeSelector: { disk: 'ssd' } },
      });
      await cluster.advance('5s');
      const { items } = await client.list(events);
      expect(items.find(({ reason }) => reason === 'FailedScheduling')?.message).toBe(
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
      );
    }));

  test('the rest of a list is of the same state for five minutes, and must begin anew after ten', () =>
    withCluster(async ({ client, advance }) => {
      const first = await client.list(nodes, { limit: 1 });
      const token = first.metadata?.continue ?? '';
      await advance('4m');
      const rest = await client.list(nodes, { limit: 1, continue: token });
      expect(rest.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
      await advance('6m');
      await expect(client.list(nodes, { limit: 1, continue: token })).rejects.toMatchObject({ reason: 'Expired' });
    }));

  test('a pod can be created at once in a new namespace', () =>
    withCluster(async (cluster) => {
      await cluster.client.create(namespaces, { metadata: { name: 'new' } });
      await cluster.client.create(pods, { metadata: { namespace: 'new', name: 'web' }, spec: podSpec });
      await cluster.advance('10s');
      expect(await running(cluster)).toHaveLength(1);
    }));

  test('objects whose types say something else than they are get the answers of Kubernetes', () =>
    withCluster(async ({ client }) => {
      const file = (text: string) => JSON.parse(text);
      const metadata = { namespace: 'default', name: 'a' };
      const refused = (rest: string) =>
        expect(client.create(configMaps, { metadata, ...file(rest) })).rejects.toMatchObject({
          reason: 'BadRequest',
          message: expect.stringContaining('in version "v1" cannot be handled as a ConfigMap'),
        });
      await refused('{ "data": { "port": 80 } }');
      await refused('{ "apiVersion": "v1", "kind": "Secret" }');
      const made = await client.create(configMaps, { metadata, ...file('{ "dta": { "port": "80" } }') });
      expect(made).not.toHaveProperty('dta');
      await expect(client.update(configMaps, { ...made, data: file('{ "port": 80 }') })).rejects.toThrow('ConfigMap');
    }));

  test('options that make no sense are refused', async () => {
    const refused = (options: object, words: string) => expect(createCluster(options)).rejects.toThrow(words);
    await refused({ time: 'Virtual' }, "the time of a cluster is 'real' or 'virtual', not 'Virtual'");
    for (const nodes of [-1, 1.5, Number.NaN, '3']) await refused({ nodes }, `nodes: ${nodes} is neither`);
    await refused({ seed: 'a' }, 'seed: a is not a whole number');
    await refused({ time: 'virtual', nodes: [{ name: 'Node_0' }] }, 'a node cannot be called "Node_0": ');
  });

  test('a closed cluster takes no node', async () => {
    const cluster = await createCluster({ time: 'virtual' });
    await cluster.close();
    await expect(cluster.nodes.add()).rejects.toThrow('the cluster is closed: no node can be added');
  });

  test('users are subject to RBAC', () =>
    withCluster(async (cluster) => {
      await expect(cluster.clientAs({ username: 'jane' }).list(pods, { namespace: 'default' })).rejects.toThrow(
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
      );
    }));

  test('ten clusters live in one process', async () => {
    const clusters = await Promise.all(Array.from({ length: 10 }, () => createCluster()));
    try {
      const counts = await Promise.all(clusters.map(async ({ client }) => (await client.list(nodes)).items.length));
      expect(counts.every((count) => count <= 1)).toBe(true);
    } finally {
      await Promise.all(clusters.map((cluster) => cluster.close()));
    }
  });
});
