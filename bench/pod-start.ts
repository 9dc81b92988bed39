import type { Client } from '../src/client/client.ts';
import { pauseImageName } from '../src/node/images/making/pause-image.ts';
import { containerSecurity, sandboxSecurity } from '../src/node/pods/security-context.ts';
import type { Node, Pod } from '../src/resources/schema/core-v1.generated.ts';
import { namespaces, nodes, pods } from '../src/resources/schema/resource-types.generated.ts';
import { ContainerdFixture } from '../test/real/containerd-fixture.ts';
import { PodFixture } from '../test/real/pod-fixture.ts';
import { eventually, patienceMs } from './eventually.ts';
import { connectTo, median, referenceKubeconfig, SpawnedCluster } from './spawned-cluster.ts';

/**
 * From the create of a pod whose image is there to Ready, as a watcher sees it, on a real node as root: `node bench/pod-start.ts [one by
 * one] [at once]`. Beside it, in turns: what the calls of CRI alone take for such a pod on a containerd of its own, and the
 * reference's kubelet with `REFERENCE_KUBECONFIG=...`. Pods are as users make them, with the volume that holds the token of their account;
 * one by one they are measured without it too.
 */
const rounds = Number(process.argv[2] ?? 21);
const atOnce = Number(process.argv[3] ?? 100);
const namespace = 'stuurman-bench';

/** Starts pods that run nothing but the sandbox's own program; resolves when all are ready. */
interface Starter {
  readonly name: string;
  /** Milliseconds until all are ready. */
  start(names: readonly string[], hasToken?: boolean): Promise<number>;
  close(): Promise<void>;
}

async function clusterStarter(name: string, kubeconfig: string, image: string): Promise<Starter> {
  const { client, close } = connectTo(kubeconfig);
  await eventually(`a Ready node of ${name}`, async () => (await client.list(nodes)).items.find(isReady));
  await client.create(namespaces, { metadata: { name: namespace } });
  // No pod is admitted before the account of its namespace.
  const first = () => client.create(pods, podOf('first', 'none'), { dryRun: true });
  await eventually(`a pod that ${name} admits`, () => first().catch(() => undefined));
  return {
    name,
    async start(names, hasToken = true) {
      const { metadata } = await client.list(pods, { namespace, limit: 1 });
      const beganMs = performance.now();
      const creates = names.map((each) => client.create(pods, podOf(each, image, hasToken)));
      await Promise.all([allReady(client, names, metadata.resourceVersion), ...creates]);
      const elapsedMs = performance.now() - beganMs;
      await Promise.all(names.map((each) => client.delete(pods, { namespace, name: each })));
      const isEmpty = async () => ((await client.list(pods, { namespace })).items.length === 0 ? true : undefined);
      await eventually(`the end of all pods of ${name}`, isEmpty, 100);
      return elapsedMs;
    },
    async close() {
      await client.delete(namespaces, { name: namespace });
      close();
    },
  };
}

function podOf(name: string, image: string, automountServiceAccountToken = false) {
  return {
    metadata: { namespace, name },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken,
      containers: [{ name: 'main', image, imagePullPolicy: 'Never' }],
    },
  };
}

const isReady = ({ status }: Pod | Node) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

async function allReady(client: Client, names: readonly string[], resourceVersion = ''): Promise<void> {
  const missing = new Set(names);
  const patience = AbortSignal.timeout(patienceMs);
  try {
    for await (const event of client.watch(pods, { namespace, resourceVersion, signal: patience })) {
      if (event.type !== 'BOOKMARK' && isReady(event.object)) missing.delete(event.object.metadata.name ?? '');
      if (missing.size === 0) return;
    }
  } catch (error) {
    if (!patience.aborted) throw error;
  }
  throw new Error(
    `${missing.size} of ${names.length} pods did not become ready: ${[...missing].slice(0, 3).join(', ')} ...`,
  );
}

async function bareStarter(): Promise<Starter> {
  const fixture = await ContainerdFixture.open();
  const runtime = fixture.runtime();
  const image = await runtime.imageStatus(pauseImageName);
  if (image === undefined) throw new Error(`the containerd has no image ${pauseImageName}`);
  // What a node asks for, no more: a filter of system calls, say, takes time to make.
  const pod = podOf('bare', image.id);
  const sandbox = sandboxSecurity(pod);
  const container = containerSecurity({
    pod,
    container: { name: 'main' },
    image,
    supplementalGroups: [],
    seccompDirectory: '',
  });
  return {
    name: 'bare CRI calls',
    async start(names) {
      const beganMs = performance.now();
      const started = await Promise.all(
        names.map(async (each) => {
          const pod = await PodFixture.run(fixture, runtime, each, { securityContext: sandbox });
          await pod.start(image.id, { securityContext: container });
          return pod;
        }),
      );
      const elapsedMs = performance.now() - beganMs;
      await Promise.all(started.map((pod) => pod.remove()));
      return elapsedMs;
    },
    async close() {
      await runtime.close();
      for (const problem of await fixture.close()) process.stderr.write(`${problem}\n`);
    },
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

const cluster = new SpawnedCluster('/tmp/stuurman-bench-pods', 7646, ['--runtime', 'containerd']);
const starters: Starter[] = [];
try {
  await cluster.up();
  await cluster.nodesReady(1);
  const ours = await clusterStarter('stuurman', cluster.kubeconfig, pauseImageName);
  starters.push(ours, await bareStarter());
  if (referenceKubeconfig === undefined) process.stdout.write('no reference: set REFERENCE_KUBECONFIG\n');
  else starters.push(await clusterStarter('reference', referenceKubeconfig, 'registry.k8s.io/pause:3.10.2'));
  for (const hasToken of [true, false]) {
    const single = new Map<Starter, number[]>(starters.map((each) => [each, []]));
    for (let round = 0; round < rounds; round++)
      for (const starter of starters) {
        single.get(starter)?.push(await starter.start([`pod-${round}`], hasToken));
        // What the kernel still takes down of one pod is no part of the next one's start.
        await pause(300);
      }
    const ourMs = median(single.get(ours) ?? []);
    const which = `one by one, p50 of ${rounds}${hasToken ? '' : ', without a token'}`;
    for (const [{ name }, elapsedMs] of single) print(`${name}, ${which}`, median(elapsedMs), ourMs);
  }
  const names = Array.from({ length: atOnce }, (_, index) => `many-${index}`);
  let ourManyMs = 0;
  for (const starter of starters) {
    const elapsedMs = await starter.start(names);
    if (starter === ours) ourManyMs = elapsedMs;
    print(`${starter.name}, ${atOnce} at once`, elapsedMs, ourManyMs);
  }
} finally {
  for (const starter of starters)
    await starter.close().catch((error: Error) => process.stderr.write(`${error.message}\n`));
  await cluster.purge();
}

function print(what: string, elapsedMs: number, ourMs: number): void {
  const ratio = `ours / this ${(ourMs / elapsedMs).toFixed(2)}`;
  process.stdout.write(`${what.padEnd(58)}${elapsedMs.toFixed(0).padStart(8)} ms  ${ratio}\n`);
}
