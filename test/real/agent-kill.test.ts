import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { type Labelled, podUidOf } from '../../src/node/pods/labels.ts';
import { CriRuntime } from '../../src/node/runtime/cri/cri-runtime.ts';
import { spdyStreams } from '../../src/node/runtime/cri/spdy-streams.ts';
import type { Container, Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { configMaps, persistentVolumeClaims, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { agentOf } from '../e2e/machine.ts';
import { LocalCluster, run } from './local-cluster.ts';

const namespace = 'default';
const rounds = 3;
const podsOfRound = 4;
/** Pods of a round begin, or end, so far apart: one kill meets each of them at another step. */
const apartMs = 120;
const seed = 20_261_128;

const shell = (name: string, script: string): Container => ({
  name,
  image: busyboxImage.image,
  command: ['sh', '-c', script],
});
const hook = (script: string) => ({ exec: { command: ['sh', '-c', script] } });

/** A pod with a bit of everything that a node makes for one. */
function specOf(number: number): PodSpec {
  const volumeMounts = [
    { name: 'memory', mountPath: '/memory' },
    { name: 'scratch', mountPath: '/part', subPath: 'a/b' },
    { name: 'settings', mountPath: '/settings' },
    { name: 'settings', mountPath: '/one', subPath: 'colour' },
    { name: 'access', mountPath: '/access' },
    { name: 'disk', mountPath: '/disk' },
  ];
  return {
    terminationGracePeriodSeconds: 5,
    initContainers: [
      { ...shell('setup', 'sleep 0.3; cat /one > /disk/index.html'), volumeMounts },
      { ...shell('proxy', 'trap "exit 0" TERM; while :; do sleep 0.1; done'), restartPolicy: 'Always' },
    ],
    containers: [
      {
        ...shell('web', 'exec httpd -f -p 8080 -h /disk'),
        ports: [{ containerPort: 8080, hostPort: 17_660 + number }],
        resources: { requests: { memory: '16Mi' }, limits: { memory: '64Mi' } },
        lifecycle: { postStart: hook('sleep 0.3'), preStop: hook('sleep 0.5') },
        readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        volumeMounts,
      },
    ],
    volumes: [
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
    ],
  };
}

describe.skipIf(inject('missing').length > 0)('an agent that is killed', () => {
  const chance = new VirtualEnvironment(seed);
  let cluster: LocalCluster;
  let runtime: CriRuntime;

  const node = (...path: readonly string[]) => join(cluster.directory, 'node', ...path);
  const nameOf = (round: number, index: number) => `walked-${round}-${index}`;
  const namesOf = (round: number) => Array.from({ length: podsOfRound }, (_, index) => nameOf(round, index));

  beforeAll(async () => {
    cluster = await LocalCluster.begin('agent-kill', 7656);
    await cluster.upWithImage();
    const { client, environment } = cluster;
    const socketPath = `/run/stuurman-${cluster.id}/containerd.sock`;
    runtime = new CriRuntime({ environment, socketPath, streams: spdyStreams(environment) });
    await client.create(configMaps, { metadata: { name: 'settings', namespace }, data: { colour: 'blue' } });
    await client.create(persistentVolumeClaims, {
      metadata: { name: 'disk', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
  });
  afterAll(async () => {
    await runtime.close();
    expect(await cluster.down()).toEqual([]);
    cluster.remove();
  });

  async function isReady(name: string): Promise<Pod | undefined> {
    const pod = await cluster.client.get(pods, { namespace, name });
    const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    return ready ? pod : undefined;
  }

  /** What is not as it should be of a pod that is ready. */
  async function wrongOf(name: string): Promise<readonly string[]> {
    const pod = await cluster.until(`${name} is ready`, () => isReady(name), 60_000);
    const own = (each: Labelled) => podUidOf(each) === pod.metadata.uid;
    const running = (await runtime.listContainers()).filter((each) => own(each) && each.state === 'running');
    const sandboxes = (await runtime.listPodSandboxes()).filter((each) => own(each) && each.ready);
    const found = `${sandboxes.length} sandboxes, ${running.map(({ metadata }) => metadata.name).toSorted()}`;
    const wrong = found === '1 sandboxes, proxy,web' ? [] : [found];
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    for (const status of [...initContainerStatuses, ...containerStatuses]) {
      // One that was made and never started counts as one that ran, as a kubelet has it.
      if (status.restartCount > 1) wrong.push(`${status.name} has restarted ${status.restartCount} times`);
    }
    return wrong.map((each) => `${name}: ${each}`);
  }

  /** What there is on the machine of pods, apart from those of these uids; and of the networks of all. */
  async function left(kept: readonly string[], hostPorts: readonly number[]): Promise<readonly string[]> {
    const isKept = (text: string) => kept.some((uid) => text.includes(uid));
    const mounts = (await readMounts()).filter(({ mountPoint }) => mountPoint.startsWith(node('pods')));
    const cgroups = (await run('find', '/sys/fs/cgroup', '-type', 'd', '-path', `*${cluster.id}*/pod*-*`)).split('\n');
    const ledger = readFileSync(node('ledger.json'), 'utf8').trimEnd().split('\n');
    const added = new Set<string>();
    for (const line of ledger.map((each) => JSON.parse(each) as { readonly add?: object; readonly remove?: object })) {
      if (line.add !== undefined) added.add(JSON.stringify(line.add));
      if (line.remove !== undefined) added.delete(JSON.stringify(line.remove));
    }
    const sandboxes = await runtime.listPodSandboxes();
    const containers = await runtime.listContainers();
    const ofPods = [
      ...mounts.map(({ mountPoint }) => `mount ${mountPoint}`),
      ...cgroups.filter((path) => path !== '').map((path) => `cgroup ${path}`),
      ...[...added].filter((entry) => /pod[s/]?.*[0-9a-f]{8}-/.test(entry)).map((entry) => `ledger ${entry}`),
      ...readdirSync(node('pods')).map((name) => `folder ${name}`),
      ...readdirSync(node('logs', 'pods')).map((name) => `logs ${name}`),
      ...sandboxes.map((each) => `sandbox ${podUidOf(each)} ${each.id}`),
      ...containers.map((each) => `container ${podUidOf(each)} ${each.metadata.name}`),
    ].filter((text) => !isKept(text));
    const wanted = kept.length;
    const leases = readdirSync(node('ipam', `stuurman-${cluster.id}`), { withFileTypes: true }).filter(
      (entry) => entry.isFile() && /^\d+\.\d+\.\d+\.\d+$/.test(entry.name),
    );
    const links = JSON.parse(await run('ip', '-j', 'link', 'show', 'master', `st-${cluster.id}`)) as readonly object[];
    const spaces = (await readMounts()).filter(
      ({ mountPoint }) => mountPoint.startsWith(`/run/stuurman-${cluster.id}/`) && mountPoint.includes('/netns/cni-'),
    );
    const rules = await run('nft', 'list', 'table', 'ip', `stuurman-${cluster.id}`);
    return [
      ...ofPods,
      ...(leases.length === wanted ? [] : [`${leases.length} leases of addresses for ${wanted} pods`]),
      ...(links.length === wanted ? [] : [`${links.length} links for ${wanted} pods`]),
      ...(spaces.length === wanted ? [] : [`${spaces.length} network namespaces for ${wanted} pods`]),
      ...hostPorts.filter((port) => new RegExp(`\\b${port}\\b`).test(rules)).map((port) => `host port ${port}`),
    ];
  }

  test('at chance steps of the start and the end of pods: all of them get there, and nothing is left', async () => {
    const { client, environment } = cluster;
    const uids = new Map<string, string>();
    for (let round = 0; round <= rounds; round++) {
      const before = round === 0 ? [] : namesOf(round - 1);
      const next = round === rounds ? [] : namesOf(round);
      const agent = await cluster.until('an agent runs', async () => agentOf(cluster.directory));
      const killAfterMs = 50 + chance.random() * 1500;
      const changes = Promise.all(
        Array.from({ length: podsOfRound }, async (_, index) => {
          await environment.sleep(index * apartMs);
          const [ends, begins] = [before[index], next[index]];
          if (ends !== undefined) await client.delete(pods, { namespace, name: ends });
          if (begins === undefined) return;
          const number = (round % 2) * podsOfRound + index;
          const pod = await client.create(pods, { metadata: { name: begins, namespace }, spec: specOf(number) });
          uids.set(begins, pod.metadata.uid ?? '');
        }),
      );
      await environment.sleep(killAfterMs);
      process.kill(agent, 'SIGKILL');
      await changes;
      const where = `seed ${seed}, round ${round}, killed after ${Math.round(killAfterMs)} ms`;
      const wrong = (await Promise.all(next.map(wrongOf))).flat();
      expect(wrong, where).toEqual([]);
      const kept = next.map((name) => uids.get(name) ?? '');
      const ports = before.map((_, index) => 17_660 + ((round + 1) % 2) * podsOfRound + index);
      let traces: readonly string[] = [];
      const clean = async () => {
        const listed = (await client.list(pods, { namespace })).items.map(({ metadata }) => metadata.name ?? '');
        traces = [...before.filter((name) => listed.includes(name)), ...(await left(kept, ports))];
        return traces.length === 0 ? true : undefined;
      };
      await cluster.until('nothing is left', clean, 30_000).catch(() => undefined);
      expect(traces, where).toEqual([]);
    }
  }, 240_000);
});
