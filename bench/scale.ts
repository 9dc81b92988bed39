import { deployments } from '../src/resources/schema/resource-types.generated.ts';
import { eventually } from './eventually.ts';
import { median, SpawnedCluster } from './spawned-cluster.ts';

/** From nothing to many pods that run on simulated nodes, through a server process: `node bench/scale.ts [nodes] [pods] [runs]`. */
const nodeCount = Number(process.argv[2] ?? 100);
const podCount = Number(process.argv[3] ?? 1_000);
const runs = Number(process.argv[4] ?? 5);
const parts = 10;

async function run(): Promise<{ nodesMs: number; podsMs: number }> {
  const cluster = new SpawnedCluster('/tmp/stuurman-bench-scale', 7645, [
    '--runtime',
    'simulated',
    '--simulated',
    `${nodeCount}`,
  ]);
  try {
    await cluster.up();
    const nodesMs = await cluster.nodesReady(nodeCount);
    const { client, close } = cluster.connect();
    const beganMs = performance.now();
    for (let part = 0; part < parts; part++) {
      const labels = { app: `part-${part}` };
      await client.create(deployments, {
        metadata: { namespace: 'default', name: `part-${part}` },
        spec: {
          replicas: podCount / parts,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:1' }] } },
        },
      });
    }
    const running = async () =>
      (await client.list(deployments)).items.reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0);
    await eventually(`${podCount} Ready pods`, async () => ((await running()) < podCount ? undefined : true));
    const podsMs = performance.now() - beganMs;
    close();
    return { nodesMs, podsMs };
  } finally {
    await cluster.purge();
  }
}

const results: Awaited<ReturnType<typeof run>>[] = [];
for (let index = 0; index < runs; index++) results.push(await run());
const row = (what: string, values: readonly number[]) =>
  process.stdout.write(`${what.padEnd(48)}${(median(values) / 1000).toFixed(1).padStart(6)} s  (median of ${runs})\n`);
row(
  `process start to ${nodeCount} nodes Ready`,
  results.map(({ nodesMs }) => nodesMs),
);
row(
  `${podCount} pods asked for to all Ready`,
  results.map(({ podsMs }) => podsMs),
);
