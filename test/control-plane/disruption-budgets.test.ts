import { expect, test } from 'vitest';
import { StatusError } from '../../src/machinery/status-error.ts';
import type { Pod } from '../../src/resources/schema/core-v1.generated.ts';
import { type Cluster, createCluster, deployments, nodes, podDisruptionBudgets, pods } from '../../src/testing.ts';

async function withCluster(body: (cluster: Cluster) => Promise<void>, nodeCount = 3): Promise<void> {
  const cluster = await createCluster({ time: 'virtual', nodes: nodeCount });
  try {
    await cluster.advance('15s');
    await body(cluster);
  } finally {
    await cluster.close();
  }
}

const inDefault = { namespace: 'default' };
const labels = { app: 'web' };
const template = (image = 'app:1') => ({ metadata: { labels }, spec: { containers: [{ name: 'main', image }] } });

async function deploy({ client, advance }: Cluster, replicas: number, spec: object): Promise<void> {
  await client.create(deployments, {
    metadata: { ...inDefault, name: 'web' },
    spec: { replicas, selector: { matchLabels: labels }, template: template() },
  });
  await client.create(podDisruptionBudgets, {
    metadata: { ...inDefault, name: 'budget' },
    spec: { selector: { matchLabels: labels }, ...spec },
  });
  await advance('15s');
}

const webPods = async ({ client }: Cluster) => (await client.list(pods, { labelSelector: 'app=web' })).items;
const staying = (pod: Pod) => pod.metadata.deletionTimestamp === undefined;
const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
const budget = async ({ client }: Cluster) =>
  (await client.get(podDisruptionBudgets, { ...inDefault, name: 'budget' })).status;

/** `ok`, or the status of the refusal. */
async function evict({ client }: Cluster, pod: Pod | undefined, dryRun = false): Promise<StatusError['status'] | 'ok'> {
  const { name = '' } = pod?.metadata ?? {};
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { ...inDefault, name } };
  try {
    await client.createSubresource(pods, { ...inDefault, name }, 'eviction', body, { dryRun });
    return 'ok';
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
}

const refusal = (why: string) => ({
  code: 429,
  reason: 'TooManyRequests',
  message: "Cannot evict pod as it would violate the pod's disruption budget.",
  details: { causes: [{ reason: 'DisruptionBudget', message: `The disruption budget budget ${why}` }] },
});

test('an eviction beyond the budget is refused in the words of Kubernetes, and a pod that goes says why', () =>
  withCluster(async (cluster) => {
    await deploy(cluster, 3, { minAvailable: 2 });
    expect(await budget(cluster)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3, expectedPods: 3 });
    const [first, second] = await webPods(cluster);
    expect(await evict(cluster, first, true)).toBe('ok');
    expect(await budget(cluster)).toMatchObject({ disruptionsAllowed: 1 });
    expect(await evict(cluster, first)).toBe('ok');
    const gone = await cluster.client.get(pods, { ...inDefault, name: first?.metadata.name ?? '' });
    expect(gone.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toEqual({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastProbeTime: null,
      lastTransitionTime: expect.any(String),
    });
    expect(await evict(cluster, second)).toMatchObject(refusal('needs 2 healthy pods and has 2 currently'));
    await cluster.advance('60s');
    expect(await evict(cluster, second)).toBe('ok');
    await cluster.advance('60s');
    const current = await cluster.client.get(podDisruptionBudgets, { ...inDefault, name: 'budget' });
    await cluster.client.update(podDisruptionBudgets, { ...current, spec: { ...current.spec, minAvailable: 3 } });
    await cluster.advance('1s');
    const [third] = await webPods(cluster);
    expect(await evict(cluster, third)).toMatchObject(refusal('needs 3 healthy pods and has 3 currently'));
  }));

test('of many who evict at once as many succeed as the budget allows', () =>
  withCluster(async (cluster) => {
    await deploy(cluster, 8, { maxUnavailable: 3 });
    const answers = await Promise.all((await webPods(cluster)).map((pod) => evict(cluster, pod)));
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(3);
    expect(answers.filter((answer) => answer !== 'ok').every(({ code }) => code === 429)).toBe(true);
    expect((await webPods(cluster)).filter(staying)).toHaveLength(5);
  }));

test('two budgets for one pod are refused, and what disrupts nobody passes', () =>
  withCluster(async (cluster) => {
    const { client } = cluster;
    await deploy(cluster, 2, { minAvailable: 2 });
    const pending = await client.create(pods, {
      metadata: { ...inDefault, name: 'pending', labels },
      spec: { nodeSelector: { no: 'where' }, containers: [{ name: 'c', image: 'app:1' }] },
    });
    await cluster.advance('2s');
    expect(await evict(cluster, pending)).toBe('ok');
    await client.create(podDisruptionBudgets, {
      metadata: { ...inDefault, name: 'other' },
      spec: { selector: {}, minAvailable: 0 },
    });
    expect(
      await evict(
        cluster,
        (await webPods(cluster)).find(({ metadata }) => metadata.name !== 'pending'),
      ),
    ).toMatchObject({
      code: 500,
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  }));

test('a pod that is not ready goes when the rest is enough, or when the budget says that it always may', () =>
  withCluster(async (cluster) => {
    const { client } = cluster;
    await deploy(cluster, 1, { minAvailable: 2 });
    const unready = (name: string) =>
      client.create(pods, {
        metadata: { ...inDefault, name, labels },
        spec: { ...template().spec, readinessGates: [{ conditionType: 'test/never' }] },
      });
    const ill = await unready('ill');
    await cluster.advance('15s');
    expect(await evict(cluster, ill)).toMatchObject(refusal('needs 2 healthy pods and has 1 currently'));
    const change = async (spec: object) => {
      const current = await client.get(podDisruptionBudgets, { ...inDefault, name: 'budget' });
      await client.update(podDisruptionBudgets, { ...current, spec: { ...current.spec, ...spec } });
      await cluster.advance('1s');
    };
    await change({ minAvailable: 1 });
    expect(await evict(cluster, ill)).toBe('ok');
    const worse = await unready('worse');
    await cluster.advance('15s');
    await change({ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(await evict(cluster, worse)).toBe('ok');
    const [healthy] = (await webPods(cluster)).filter(isReady);
    expect(await evict(cluster, healthy)).toMatchObject({ code: 429 });
  }));

test('a node is drained under a budget while a new version rolls out: enough pods are ready all the time', () =>
  withCluster(async (cluster) => {
    const { client } = cluster;
    await deploy(cluster, 6, { minAvailable: 4 });
    const node = await client.get(nodes, { name: 'node-0' });
    await client.update(nodes, { ...node, spec: { ...node.spec, unschedulable: true } });
    const web = await client.get(deployments, { ...inDefault, name: 'web' });
    await client.update(deployments, { ...web, spec: { ...web.spec, template: template('app:2') } });
    let fewest = 6;
    let left: readonly Pod[] = [];
    for (let round = 0; round < 60; round++) {
      const all = await webPods(cluster);
      fewest = Math.min(fewest, all.filter((pod) => staying(pod) && isReady(pod)).length);
      left = all.filter(({ spec }) => spec?.nodeName === 'node-0');
      for (const pod of left.filter(staying)) {
        const answer = await evict(cluster, pod);
        if (answer !== 'ok') expect(answer).toMatchObject({ code: 429 });
      }
      const ready = (await webPods(cluster)).filter((pod) => staying(pod) && isReady(pod)).length;
      fewest = Math.min(fewest, ready);
      await cluster.advance('1s');
    }
    expect(left).toEqual([]);
    expect(fewest).toBeGreaterThanOrEqual(4);
    const after = await webPods(cluster);
    expect(after.filter(isReady)).toHaveLength(6);
    expect(after.every(({ spec }) => spec?.containers[0]?.image === 'app:2')).toBe(true);
  }));
