import { expect, test } from 'vitest';
import { createToken } from '../../src/cluster/tokens/join-tokens.ts';
import type { ProgramContext } from '../../src/node/runtime/simulated/program.ts';
import { events, leases, nodes, serviceAccounts } from '../../src/resources/schema/resource-types.generated.ts';
import { type Cluster, createCluster, pods } from '../../src/testing.ts';

const hourMs = 3600_000;
const crashing = { command: ['crash'] };

/** Two nodes, of which one is wrong about the time; each has the same pods: one with probes, one that crashes. */
async function clusterOfTwo(): Promise<Cluster> {
  const program = ({ config }: ProgramContext) =>
    config.command[0] === 'crash' ? { exitAfterMs: 5_000, exitCode: 1 } : {};
  const runtime = { program };
  const options = ['wrong', 'right'].map((name) => ({ name, runtime }));
  const cluster = await createCluster({ time: 'virtual', nodes: options });
  await cluster.advance('5s');
  await cluster.client.create(serviceAccounts, { metadata: { namespace: 'default', name: 'tester' } });
  for (const nodeName of ['wrong', 'right']) {
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 5 };
    await cluster.client.create(pods, {
      metadata: { namespace: 'default', name: `web-${nodeName}` },
      spec: {
        nodeName,
        serviceAccountName: 'tester',
        containers: [{ name: 'main', image: 'app:1', livenessProbe: probe, readinessProbe: probe }],
      },
    });
    await cluster.client.create(pods, {
      metadata: { namespace: 'default', name: `crash-${nodeName}` },
      spec: { nodeName, containers: [{ name: 'main', image: 'app:1', ...crashing }] },
    });
  }
  await cluster.advance('60s');
  return cluster;
}

async function restarts({ client }: Cluster, name: string): Promise<number> {
  const { status } = await client.get(pods, { namespace: 'default', name });
  return status?.containerStatuses?.[0]?.restartCount ?? 0;
}

async function isReady({ client }: Cluster, name: string): Promise<boolean> {
  const node = await client.get(nodes, { name });
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

test.each([
  ['ahead', hourMs],
  ['behind', -hourMs],
])('a node whose clock is an hour %s stays a node, and does nothing more often or more seldom', async (_, skewMs) => {
  await using cluster = await clusterOfTwo();
  const wrong = cluster.nodes.get('wrong');
  const atFirst = await restarts(cluster, 'crash-wrong');
  wrong.setClock(skewMs);
  await cluster.advance('2m');
  expect(await isReady(cluster, 'wrong')).toBe(true);
  const lease = await cluster.client.get(leases, { namespace: 'kube-node-lease', name: 'wrong' });
  const aheadMs = Date.parse(lease.spec?.renewTime ?? '') - cluster.environment.now();
  expect(Math.abs(aheadMs - skewMs)).toBeLessThan(20_000);
  // What is begun under the wrong clock lives as everywhere.
  const container = { name: 'main', image: 'app:1', ...crashing };
  for (const nodeName of ['wrong', 'right'])
    await cluster.client.create(pods, {
      metadata: { namespace: 'default', name: `later-${nodeName}` },
      spec: { nodeName, serviceAccountName: 'tester', containers: [container] },
    });
  await cluster.advance('20m');
  expect(await restarts(cluster, 'later-wrong')).toBe(await restarts(cluster, 'later-right'));
  expect(Math.abs((await restarts(cluster, 'crash-wrong')) - (await restarts(cluster, 'crash-right')))).toBeLessThan(4);
  for (const name of ['web-wrong', 'web-right']) {
    const { status } = await cluster.client.get(pods, { namespace: 'default', name });
    expect(status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
  }
  const told = (await cluster.client.list(events, { namespace: 'default' })).items;
  expect(told.filter(({ source }) => source?.host === 'wrong').length).toBeLessThan(60);

  wrong.setClock(0);
  await cluster.advance('10m');
  expect(await isReady(cluster, 'wrong')).toBe(true);
  expect(await restarts(cluster, 'web-wrong')).toBe(0);
  expect(await restarts(cluster, 'crash-wrong')).toBeGreaterThan(atFirst);
  const before = await restarts(cluster, 'later-wrong');
  await cluster.advance('11m');
  expect(await restarts(cluster, 'later-wrong')).toBeGreaterThan(before);
});

test('a machine that joined keeps its certificates when its clock is an hour behind or ahead', async () => {
  await using cluster = await createCluster({ time: 'virtual', nodes: 0 });
  const { token } = await createToken(cluster.client, cluster.environment, { ttlMs: 24 * hourMs });
  await cluster.advance('1s');
  const node = await joined(cluster, token);
  node.setClock(-hourMs);
  await cluster.advance('5m');
  expect(await isReady(cluster, 'n1')).toBe(true);
  node.setClock(hourMs);
  await cluster.advance('5m');
  expect(await isReady(cluster, 'n1')).toBe(true);
  expect(node.identity?.servingCertificate).toBeDefined();
});

async function joined(cluster: Cluster, token: string) {
  const adding = cluster.nodes.add({ name: 'n1', join: { token } });
  await cluster.advance('15s');
  return adding;
}
