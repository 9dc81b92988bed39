import { expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { drainNode } from '../../src/cluster/nodes/drain-node.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import { type Cluster, createCluster, deployments, nodes, pods } from '../../src/testing.ts';

const podSpec = { containers: [{ name: 'main', image: 'app:1' }] };
const labels = { app: 'web' };
const deployment = {
  metadata: { namespace: 'default', name: 'web' },
  spec: { replicas: 4, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
};

async function withPods(body: (cluster: Cluster, node: string) => Promise<void>): Promise<void> {
  const cluster = await createCluster({ time: 'virtual', nodes: 2 });
  try {
    await cluster.advance('15s');
    await cluster.client.create(deployments, deployment);
    await cluster.advance('15s');
    const [first] = (await cluster.client.list(nodes)).items;
    await body(cluster, first?.metadata.name ?? '');
  } finally {
    await cluster.close();
  }
}

const drain = (
  { client, environment }: Cluster,
  nodeName: string,
  more: Partial<Parameters<typeof drainNode>[0]> = {},
) =>
  drainNode({
    client,
    environment,
    nodeName,
    force: false,
    deleteEmptyDirData: false,
    timeoutMs: 60_000,
    progress: () => {},
    ...more,
  });

const podsOf = async ({ client }: Cluster, node: string) =>
  (await client.list(pods, { fieldSelector: `spec.nodeName=${node}` })).items;

/** Lets time pass until a promise has settled. */
async function settle<T>(cluster: Cluster, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  promise.then(done, done);
  for (let second = 0; second < 300 && !settled; second++) await cluster.advance('1s');
  return promise;
}

/** A client to whom budgets refuse an eviction for as long as is said. */
function refusing(client: Client, refuses: () => boolean): Client {
  return new Proxy(client, {
    get(target, property) {
      if (property !== 'createSubresource') return Reflect.get(target, property).bind(target);
      return async (...args: Parameters<Client['createSubresource']>) => {
        if (!refuses()) return target.createSubresource(...args);
        throw new StatusError({ code: 429, reason: 'TooManyRequests', message: 'the budget is used up' });
      };
    },
  });
}

test('pods move to other nodes, and none comes back', () =>
  withPods(async (cluster, node) => {
    const before = await podsOf(cluster, node);
    expect(before.length).toBeGreaterThan(0);
    const { evicted } = await settle(cluster, drain(cluster, node));
    expect(evicted).toHaveLength(before.length);
    await cluster.advance('30s');
    expect(await podsOf(cluster, node)).toEqual([]);
    const { items } = await cluster.client.list(pods);
    expect(items.filter(({ status }) => status?.phase === 'Running')).toHaveLength(4);
    expect((await cluster.client.get(nodes, { name: node })).spec?.unschedulable).toBe(true);
  }));

test('pods that would be lost stand against it, and nothing is evicted', () =>
  withPods(async (cluster, node) => {
    await cluster.client.create(pods, {
      metadata: { namespace: 'default', name: 'lone' },
      spec: { ...podSpec, nodeName: node },
    });
    const before = (await podsOf(cluster, node)).length;
    await expect(drain(cluster, node)).rejects.toThrow('default/lone (nothing would make it again: --force)');
    expect(await podsOf(cluster, node)).toHaveLength(before);
    await settle(cluster, drain(cluster, node, { force: true }));
    expect(await podsOf(cluster, node)).toEqual([]);
  }));

test('a budget that refuses is asked again, for so long', () =>
  withPods(async (cluster, node) => {
    let refusals = 3;
    const client = refusing(cluster.client, () => refusals-- > 0);
    await settle(cluster, drain(cluster, node, { client }));
    expect(await podsOf(cluster, node)).toEqual([]);
  }));

test('it is said which pods did not go in time, and why', () =>
  withPods(async (cluster, node) => {
    const client = refusing(cluster.client, () => true);
    const failed = settle(cluster, drain(cluster, node, { client, timeoutMs: 10_000 }));
    await expect(failed).rejects.toThrow(/was not drained within 10 s: default\/web-\S+ \(the budget is used up\)/);
  }));
