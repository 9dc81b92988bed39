import { readFileSync } from 'node:fs';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { pauseImageName } from '../src/node/images/making/pause-image.ts';
import type { Pod } from '../src/resources/schema/core-v1.generated.ts';
import { deployments, pods } from '../src/resources/schema/resource-types.generated.ts';
import { processOfContainer } from '../test/e2e/machine.ts';
import { eventually } from './eventually.ts';
import { pssBytesOf, SpawnedCluster } from './spawned-cluster.ts';

/**
 * What a node's agent costs while its pods are idle, and how soon another one has taken over after it was killed: `node bench/agent.ts
 * [pods] [idle seconds]` as root. A container that ends while there is no agent shows when the new one is right: it runs again.
 */
const podCount = Number(process.argv[2] ?? 50);
const idleSeconds = Number(process.argv[3] ?? 30);
const clockTicks = 100;
const environment = new RealEnvironment();
const cluster = new SpawnedCluster('/tmp/stuurman-bench-agent', 7647, ['--runtime', 'containerd']);
const row = (what: string, value: string) => process.stdout.write(`${what.padEnd(64)}${value.padStart(10)}\n`);

/** Fields of `/proc/PID/stat` behind the name, by their number in proc(5). */
function statOf(pid: number): (field: number) => number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (field) => Number(fields[field - 3]);
}

function cpuSeconds(pid: number): number {
  const field = statOf(pid);
  return (field(14) + field(15)) / clockTicks;
}

/** When a process started, as `Date.now()` has it. */
function startedAt(pid: number): number {
  const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return Date.now() - (uptimeSeconds - statOf(pid)(22) / clockTicks) * 1000;
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

try {
  await cluster.up();
  await cluster.nodesReady(1);
  const { client, close } = cluster.connect();
  const labels = { app: 'idle' };
  const container = { name: 'main', image: pauseImageName, imagePullPolicy: 'Never' };
  await client.create(deployments, {
    metadata: { namespace: 'default', name: 'idle' },
    spec: {
      replicas: podCount,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  });
  const allReady = async () => {
    const { items } = await client.list(pods, { namespace: 'default' });
    return items.length === podCount && items.every(isReady) ? items : undefined;
  };
  const before = await eventually(`${podCount} Ready pods`, allReady);
  await environment.sleep(5_000);
  const agent = await eventually('the agent', () => cluster.agentPid());
  const cpuBefore = cpuSeconds(agent);
  await environment.sleep(idleSeconds * 1000);
  const share = (cpuSeconds(agent) - cpuBefore) / idleSeconds;
  row(`agent with ${podCount} idle pods: share of a core over ${idleSeconds} s`, `${(share * 100).toFixed(1)} %`);
  row(`agent with ${podCount} idle pods: PSS`, `${(pssBytesOf(agent) / 1e6).toFixed(0)} MB`);

  process.kill(agent, 'SIGKILL');
  const [victim] = before;
  const victimId = victim?.status?.containerStatuses?.[0]?.containerID;
  process.kill(processOfContainer(victimId ?? ''), 'SIGKILL');
  const next = await eventually('another agent', () => cluster.agentPid(), 10);
  const again = await eventually(
    'the container that was killed',
    async () => {
      const { items } = await client.list(pods, { namespace: 'default' });
      return items.find((pod) => pod.metadata.uid === victim?.metadata.uid && isReady(pod) && idOf(pod) !== victimId);
    },
    10,
  );
  row(
    'new agent: process start to what ended without it runs again',
    `${(Date.now() - startedAt(next)).toFixed(0)} ms`,
  );
  const after = await eventually(`${podCount} Ready pods again`, allReady);
  const idsBefore = new Set(before.map(idOf));
  const touched = after.map(idOf).filter((id) => !idsBefore.has(id) && id !== idOf(again));
  row('containers touched', `${touched.length}`);
  close();
} finally {
  await cluster.purge();
}

function idOf(pod: Pod): string | undefined {
  return pod.status?.containerStatuses?.[0]?.containerID;
}
