import type { Client } from '../src/client/client.ts';
import { namespaces, pods } from '../src/resources/schema/resource-types.generated.ts';
import { connectTo, median, referenceKubeconfig, SpawnedCluster } from './spawned-cluster.ts';

/**
 * From the create of a pod whose image is there to Ready, as a watcher sees it, on a real node: `node bench/pod-start.ts IMAGE` as root,
 * next to the reference's node with `REFERENCE_KUBECONFIG=...`.
 */
const ourImage = process.argv[2] ?? '';
const referenceImage = 'registry.k8s.io/pause:3.10.2';
const times = 20;
const namespace = 'stuurman-bench';

async function startOnce(client: Client, name: string, image: string): Promise<number> {
  const stop = new AbortController();
  const { metadata } = await client.list(pods, { namespace, limit: 1 });
  const events = client.watch(pods, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: metadata.resourceVersion,
    signal: stop.signal,
  });
  const beganMs = performance.now();
  await client.create(pods, {
    metadata: { namespace, name },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image, imagePullPolicy: 'Never' }],
    },
  });
  for await (const event of events) {
    if (event.type === 'BOOKMARK' || !('status' in event.object)) continue;
    const status = event.object.status;
    if (status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')) break;
  }
  const elapsedMs = performance.now() - beganMs;
  stop.abort();
  await client.delete(pods, { namespace, name });
  return elapsedMs;
}

async function measure(kubeconfig: string, image: string): Promise<number> {
  const { client, close } = connectTo(kubeconfig);
  try {
    await client.create(namespaces, { metadata: { name: namespace } });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const elapsedMs: number[] = [];
    for (let time = 0; time < times; time++) elapsedMs.push(await startOnce(client, `pod-${time}`, image));
    return median(elapsedMs);
  } finally {
    await client.delete(namespaces, { name: namespace });
    close();
  }
}

const cluster = new SpawnedCluster('/tmp/stuurman-bench-pods', 7646, ['--runtime', 'containerd']);
try {
  await cluster.up();
  await cluster.nodesReady(1);
  const ours = await measure(cluster.kubeconfig, ourImage);
  process.stdout.write(`pod create to Ready, p50 of ${times}: ${ours.toFixed(0)} ms\n`);
  if (referenceKubeconfig === undefined) process.stdout.write('no reference control plane: set REFERENCE_KUBECONFIG\n');
  else {
    const reference = await measure(referenceKubeconfig, referenceImage);
    process.stdout.write(`reference: ${reference.toFixed(0)} ms, ratio ${(ours / reference).toFixed(2)}\n`);
  }
} finally {
  await cluster.purge();
}
