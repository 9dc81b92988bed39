import { expect, test } from 'vitest';
import { createToken } from '../../src/cluster/tokens/join-tokens.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { certificateSigningRequests, deployments, nodes } from '../../src/resources/schema/resource-types.generated.ts';
import { type Cluster, createCluster, pods } from '../../src/testing.ts';
import type { Certificate } from '../../src/wire/pki/certificate.ts';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

/** Time passes while a promise is waited for. */
async function during<T>(cluster: Cluster, promise: Promise<T>, duration = '15s'): Promise<T> {
  promise.catch(() => {});
  await cluster.advance(duration);
  return promise;
}

/** The clock of everything jumps: a machine that slept, servers and all. */
function sleep({ environment }: Cluster, ms: number): void {
  if (!(environment instanceof VirtualEnvironment)) throw new Error('only virtual time jumps');
  environment.shiftClock(ms);
}

async function clusterOfJoined(names: readonly string[], seed = 1, recordHistory = false): Promise<Cluster> {
  const cluster = await createCluster({ time: 'virtual', nodes: 0, seed, recordHistory });
  const { token } = await createToken(cluster.client, cluster.environment, { ttlMs: hourMs });
  await cluster.advance('1s');
  for (const name of names) await during(cluster, cluster.nodes.add({ name, join: { token } }));
  return cluster;
}

async function readyOf({ client }: Cluster): Promise<Readonly<Record<string, string | undefined>>> {
  const { items } = await client.list(nodes);
  return Object.fromEntries(
    items.map(({ metadata, status }) => [
      metadata.name ?? '',
      status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    ]),
  );
}

async function runWeb({ client }: Cluster): Promise<void> {
  await client.create(deployments, {
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'app:1', command: ['sleep', 'infinity'] }] },
      },
    },
  });
}

const podLines = async ({ client }: Cluster) =>
  (await client.list(pods, { namespace: 'default' })).items
    .map(({ metadata, status }) => {
      const [container] = status?.containerStatuses ?? [];
      return `${metadata.uid} ${status?.phase} ${container?.containerID} ${container?.restartCount}`;
    })
    .sort();

test('nodes that join by a token run pods, and renew their certificates for two years', async () => {
  await using cluster = await clusterOfJoined(['n1', 'n2']);
  expect(await readyOf(cluster)).toEqual({ n1: 'True', n2: 'True' });
  const requests = (await cluster.client.list(certificateSigningRequests)).items;
  expect(requests.map(({ spec }) => `${spec.username} ${spec.signerName.split('/')[1]}`).sort()).toEqual([
    expect.stringMatching(/^system:bootstrap:\w{6} kube-apiserver-client-kubelet$/),
    expect.stringMatching(/^system:bootstrap:\w{6} kube-apiserver-client-kubelet$/),
    'system:node:n1 kubelet-serving',
    'system:node:n2 kubelet-serving',
  ]);
  await runWeb(cluster);
  await cluster.advance('30s');
  const running = await podLines(cluster);
  expect(running.filter((line) => line.includes(' Running '))).toHaveLength(2);

  const used = new Map<string, Set<string>>();
  const note = (key: string, certificate: Certificate | undefined) => {
    expect([key, certificate !== undefined]).toEqual([key, true]);
    if (certificate === undefined) return;
    const now = cluster.environment.now();
    expect(certificate.notBeforeMs).toBeLessThan(now);
    expect(certificate.notAfterMs).toBeGreaterThan(now);
    used.set(key, (used.get(key) ?? new Set()).add(certificate.fingerprint));
  };
  for (let day = 0; day < 730; day += 60) {
    sleep(cluster, 60 * dayMs);
    await cluster.advance('75s');
    for (const { name, identity } of cluster.nodes.list()) {
      note(`${name} client`, identity?.clientCertificate);
      note(`${name} serving`, identity?.servingCertificate);
    }
  }
  expect([...used].map(([key, { size }]) => [key, size])).toEqual([
    ['n1 client', 3],
    ['n1 serving', 3],
    ['n2 client', 3],
    ['n2 serving', 3],
  ]);
  expect(await readyOf(cluster)).toEqual({ n1: 'True', n2: 'True' });
  expect(await podLines(cluster)).toEqual(running);
}, 60_000);

test('one that slept for longer than its certificate lives is told to join again, and then goes on', async () => {
  await using cluster = await clusterOfJoined(['n1', 'n2']);
  await runWeb(cluster);
  await cluster.advance('30s');
  const node = cluster.nodes.get('n1');
  await node.killAgent();
  sleep(cluster, 400 * dayMs);
  await cluster.advance('2m');
  expect(await readyOf(cluster)).toMatchObject({ n1: 'Unknown' });
  await expect(during(cluster, node.startAgent())).rejects.toThrow(
    /^the client certificate of the node n1 expired at 2026-12-31T\S+, and it is 2027-02-05T\S+: run "stuurman token create --print-join-command" on the server, and here the command that it prints/,
  );
  const { token } = await createToken(cluster.client, cluster.environment, { ttlMs: hourMs });
  await cluster.advance('1s');
  await during(cluster, node.startAgent(token), '1m');
  expect(await readyOf(cluster)).toMatchObject({ n1: 'True' });
});

test('what is not right with a token keeps a node out, with words that help', async () => {
  await using cluster = await clusterOfJoined(['n1']);
  const join = { token: 'abcdef.0123456789abcdef' };
  await expect(during(cluster, cluster.nodes.add({ name: 'n2', join }))).rejects.toThrow(
    'does not know the token abcdef: it has expired, was deleted, or is of another cluster; run "stuurman token create',
  );
  const { token } = await createToken(cluster.client, cluster.environment, { ttlMs: hourMs });
  await cluster.advance('1s');
  await expect(during(cluster, cluster.nodes.add({ name: 'n1', join: { token } }))).rejects.toThrow('n1');
  expect(await readyOf(cluster)).toEqual({ n1: 'True' });
});

test('the same seed gives the same history, requests and certificates and all', async () => {
  const histories: string[] = [];
  for (const _ of [1, 2]) {
    await using cluster = await clusterOfJoined(['n1'], 7, true);
    await cluster.advance('1m');
    histories.push(
      cluster
        .history()
        .map(({ revision, key, value }) => `${revision} ${key} ${value === undefined ? '' : Buffer.from(value)}`)
        .join('\n'),
    );
  }
  expect(histories[0]).toContain('/registry/certificatesigningrequests/');
  expect(histories[0]).toBe(histories[1]);
});
