import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { Node, Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { deployments, nodes, pods, statefulSets } from '../../src/resources/schema/resource-types.generated.ts';
import { processes } from '../e2e/machine.ts';
import { LocalCluster } from './local-cluster.ts';
import { PoweredMachine } from './powered-machine.ts';
import { RuntimeSampler } from './runtime-sampler.ts';

const gateway = '198.18.8.1';
const namespace = 'default';
const gracePeriodMs = 20_000;
const tolerationSeconds = 2;

/** A node here, one beside it in a network of its own, and one on a machine that things happen to. */
describe.skipIf(inject('missing').length > 0)('nodes that fail', () => {
  let cluster: LocalCluster;
  let machine: PoweredMachine;
  let sampler: RuntimeSampler;
  let here: string;
  let beside: string;

  beforeAll(async () => {
    cluster = await LocalCluster.begin('failing', 7661);
    machine = await PoweredMachine.begin('stfail', '198.18.8.2', gateway, 300);
    const grace = ['--node-monitor-grace-period', `${gracePeriodMs / 1000}s`];
    const [archive] = await Promise.all([
      cluster.busyboxArchive(),
      cluster.up('--nodes', '2', '--address', gateway, ...grace),
    ]);
    [here = '', beside = ''] = (await cluster.client.list(nodes)).items
      .map(({ metadata }) => metadata.name ?? '')
      .sort();
    const { stdout } = await cluster.stuurman(['token', 'create', '--print-join-command']);
    await machine.stuurman([...stdout.trim().split(' ').slice(1), '--node-name', 'other', '--detach']);
    await Promise.all([cluster.stuurman(['image', 'import', archive]), machine.stuurman(['image', 'import', archive])]);
    sampler = new RuntimeSampler(
      cluster.environment,
      new Map([
        [here, () => `/run/stuurman-${cluster.id}/containerd.sock`],
        [beside, () => `/run/stuurman-${cluster.id}-2/containerd.sock`],
        ['other', () => machine.path(`/run/${runDirectory()}/containerd.sock`)],
      ]),
    );
  });
  afterAll(async () => {
    try {
      await sampler.close();
      await machine.stuurman(['down', '--purge']);
      expect([...(await machine.traces()), ...(await cluster.down())]).toEqual([]);
    } finally {
      await machine.end();
    }
    cluster.remove();
  });

  test('one that is cut off is lost in time, its pods are replaced, and what may stay is still there when it is back', async () => {
    await cluster.run('stays', 'other', 'sleep 3600', { tolerations: [{ operator: 'Exists' }] });
    await cluster.client.create(deployments, { ...workload('web') });
    await cluster.client.create(statefulSets, workload('db'));
    const [stays, web, db] = await Promise.all([ready('stays'), readyOf('web'), ready('db-0')]);
    expect([web, db].map(({ spec }) => spec?.nodeName)).toEqual(['other', 'other']);

    const cutAt = cluster.environment.monotonic();
    await machine.cutOff();
    const lost = await cluster.until(
      'the node counts as lost',
      async () => {
        const node = await cluster.client.get(nodes, { name: 'other' });
        return readiness(node)?.status === 'Unknown' ? node : undefined;
      },
      gracePeriodMs + 15_000,
    );
    const lostMs = cluster.environment.monotonic() - cutAt;
    // An agent that was heard of up to ten seconds before the cut.
    expect(lostMs).toBeGreaterThan(gracePeriodMs - 11_000);
    expect(lostMs).toBeLessThan(gracePeriodMs + 10_000);
    expect(readiness(lost)).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    const successor = await cluster.until('another pod of the Deployment is ready', async () => {
      const found = (await podsOf('web')).find((pod) => pod.metadata.uid !== web.metadata.uid);
      return found !== undefined && isReady(found) ? found : undefined;
    });
    expect(successor.spec?.nodeName).not.toBe('other');
    expect(await taints('other')).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    // Nobody knows whether it still runs, and it does: so there is no other.
    const leaving = await cluster.client.get(pods, { namespace, name: 'db-0' });
    expect(leaving.metadata).toMatchObject({ uid: db.metadata.uid, deletionTimestamp: expect.anything() });
    for (const pod of [web, db, stays])
      expect(await sampler.running('other', pod.metadata.name ?? '')).toEqual([containerOf(pod)]);

    await machine.mend();
    await cluster.until('the node is ready again', async () => {
      const node = await cluster.client.get(nodes, { name: 'other' });
      return readiness(node)?.status === 'True' && (await taints('other')).length === 0 ? true : undefined;
    });
    const newDb = await cluster.until('the pod of the StatefulSet has a successor', async () => {
      const found = await cluster.client.get(pods, { namespace, name: 'db-0' });
      return found.metadata.uid !== db.metadata.uid && isReady(found) ? found : undefined;
    });
    expect(containerOf(newDb)).not.toBe(containerOf(db));
    await cluster.until('the pod that was replaced has ended', async () =>
      (await sampler.running('other', web.metadata.name ?? '')).length === 0 ? true : undefined,
    );
    expect(await sampler.running('other', 'stays')).toEqual([containerOf(stays)]);
    const now = await ready('stays');
    expect([now.metadata.uid, restarts(now)]).toEqual([stays.metadata.uid, 0]);
    expect(await cluster.exec('stays', 'echo on')).toBe('on\n');
    expect(sampler.samples).toBeGreaterThan(100);
    expect(sampler.doubles).toEqual([]);
  });

  test('one whose containerd hangs says that it is down, answers in time, and touches nothing when it is back', async () => {
    await Promise.all([cluster.run('held', beside, 'sleep 3600'), cluster.run('free', here, 'sleep 3600')]);
    const before = await ready('held');
    await ready('free');
    const config = `${cluster.directory}/nodes/2/containerd/config.toml`;
    const { pid = 0 } = processes().find(({ command }) => command.includes(`containerd --config ${config}`)) ?? {};
    const stoppedAt = cluster.environment.monotonic();
    process.kill(pid, 'SIGSTOP');
    try {
      const asked = cluster.exec('held', 'echo on').catch((error: unknown) => String(error));
      const condition = await cluster.until(
        'the node says so',
        async () => {
          const found = readiness(await cluster.client.get(nodes, { name: beside }));
          return found?.status === 'False' ? found : undefined;
        },
        50_000,
      );
      expect(condition).toMatchObject({ reason: 'KubeletNotReady', message: 'container runtime is down' });
      expect(await asked).not.toContain('on\n');
      expect(cluster.environment.monotonic() - stoppedAt).toBeLessThan(50_000);
      expect(await cluster.logs('held')).toBe('');
      expect(await cluster.exec('free', 'echo on')).toBe('on\n');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await cluster.until('the node is ready again', async () =>
      readiness(await cluster.client.get(nodes, { name: beside }))?.status === 'True' ? true : undefined,
    );
    const after = await ready('held');
    expect([containerOf(after), restarts(after)]).toEqual([containerOf(before), 0]);
    expect(await cluster.exec('held', 'echo on')).toBe('on\n');
  }, 90_000);

  function runDirectory(): string {
    const found = readdirSync(machine.path('/run')).find((name) => name.startsWith('stuurman-'));
    return found ?? 'none';
  }

  /** One pod that prefers the machine that things happen to, and leaves it soon. */
  function workload(name: string) {
    const preference = {
      matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['other'] }],
    };
    const leaves = ['not-ready', 'unreachable'].map((what) => ({
      key: `node.kubernetes.io/${what}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds,
    }));
    const spec: PodSpec = {
      terminationGracePeriodSeconds: 1,
      tolerations: leaves,
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference }] } },
      containers: [{ name: 'main', image: busyboxImage.image, command: ['sleep', '3600'] }],
    };
    const selector = { matchLabels: { app: name } };
    const template = { metadata: { labels: { app: name } }, spec };
    return { metadata: { name, namespace }, spec: { replicas: 1, selector, template, serviceName: name } };
  }

  const podsOf = async (app: string) =>
    (await cluster.client.list(pods, { namespace, labelSelector: `app=${app}` })).items;

  function readyOf(app: string): Promise<Pod> {
    return cluster.until(`a pod of ${app} is ready`, async () => (await podsOf(app)).find(isReady));
  }

  function ready(name: string): Promise<Pod> {
    return cluster.until(`pod ${name} is ready`, async () => {
      const pod = await cluster.client.get(pods, { namespace, name });
      return isReady(pod) ? pod : undefined;
    });
  }

  async function taints(name: string): Promise<readonly string[]> {
    const node = await cluster.client.get(nodes, { name });
    return (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
  }
});

function readiness({ status }: Node | Pod) {
  const conditions: readonly { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.find(({ type }) => type === 'Ready');
}

const isReady = (pod: Pod) => pod.metadata.deletionTimestamp === undefined && readiness(pod)?.status === 'True';
const containerOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
const restarts = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount;
