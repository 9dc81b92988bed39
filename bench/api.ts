import type { Client } from '../src/client/client.ts';
import { namespaces, pods } from '../src/resources/schema/resource-types.generated.ts';
import { eventually } from './eventually.ts';
import { connectTo, median, referenceKubeconfig, SpawnedCluster } from './spawned-cluster.ts';

/**
 * Durable creates and GETs per second over kept TLS connections against a server process, and the same against the reference in the
 * same run: `REFERENCE_KUBECONFIG=... node bench/api.ts [creates] [gets]`.
 */
const creates = Number(process.argv[2] ?? 500);
const gets = Number(process.argv[3] ?? 2_000);
const inFlight = 32;
const rounds = 5;
const namespace = 'stuurman-bench';

async function perSecond(times: number, work: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const beganMs = performance.now();
  const worker = async () => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (times / (performance.now() - beganMs)) * 1000;
}

const podOf = (name: string) => ({
  metadata: { namespace, name, labels: { app: 'bench' } },
  // No scheduler takes it: what is measured is the API alone.
  spec: {
    schedulerName: 'nobody',
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: 'app:1' }],
  },
});

async function ready(client: Client): Promise<void> {
  await client.create(namespaces, { metadata: { name: namespace } });
  // The account of the namespace comes a moment later, and no pod is admitted before.
  await eventually('a pod that is admitted', () => client.create(pods, podOf('first')).catch(() => undefined));
}

async function measure(kubeconfig: string): Promise<{ creates: number; gets: number }> {
  const { client, close } = connectTo(kubeconfig);
  try {
    await ready(client);
    const created: number[] = [];
    const got: number[] = [];
    for (let round = 0; round < rounds; round++) {
      created.push(await perSecond(creates, (index) => client.create(pods, podOf(`pod-${round}-${index}`))));
      got.push(await perSecond(gets, (index) => client.get(pods, { namespace, name: `pod-0-${index % creates}` })));
    }
    return { creates: median(created), gets: median(got) };
  } finally {
    await client.delete(namespaces, { name: namespace });
    close();
  }
}

const cluster = new SpawnedCluster('/tmp/stuurman-bench-api', 7644, ['--runtime', 'simulated']);
try {
  await cluster.up();
  await cluster.nodesReady(1);
  const ours = await measure(cluster.kubeconfig);
  const reference = referenceKubeconfig === undefined ? undefined : await measure(referenceKubeconfig);
  if (reference === undefined) process.stdout.write('no reference control plane: set REFERENCE_KUBECONFIG\n');
  for (const what of ['creates', 'gets'] as const) {
    const beside =
      reference === undefined
        ? ''
        : `  reference ${reference[what].toFixed(0)}/s  ratio ${(ours[what] / reference[what]).toFixed(2)}`;
    process.stdout.write(`${what.padEnd(10)}${ours[what].toFixed(0).padStart(8)}/s${beside}  (median of ${rounds})\n`);
  }
} finally {
  await cluster.purge();
}
