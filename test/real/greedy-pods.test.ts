import { mkdirSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { mayLowerOomScore } from '../../src/node/containerd/private-containerd.ts';
import { readHostInfo } from '../../src/node/host/linux/host-info.ts';
import { readHostStats } from '../../src/node/host/linux/host-stats.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { Container, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { events, nodes, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { agentOf, processes, processOfContainer } from '../e2e/machine.ts';
import { LocalCluster, run } from './local-cluster.ts';

const namespace = 'default';
const mebibyte = 2 ** 20;
/** What all pods together may have of the machine's memory, and what of it is kept free. */
const memoryForPods = 1000 * mebibyte;
/** All pods together may have so many processes. */
const processesForPods = 5000;
/** As many as there are now, and so many more, are too many. Others on the machine come and go, too, but not so many. */
const moreProcesses = 1200;

const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: busyboxImage.image,
  command: ['sh', '-c', script],
  ...more,
});
/** Has so much memory, and keeps it. */
const hog = (megabytes: number) => `(head -c ${megabytes}m /dev/zero; sleep 3600) | tail > /dev/null`;

/**
 * A node on a small file system, with little memory for pods and with few more processes than there are: whoever takes too much is ended, and
 * nobody else.
 */
describe.skipIf(inject('missing').length > 0)('greedy pods', () => {
  let cluster: LocalCluster;
  let nodeName = '';
  let neighbour: string | undefined;

  beforeAll(async () => {
    cluster = await LocalCluster.begin('greedy', 7646);
    mkdirSync(cluster.directory, { recursive: true });
    await run('mount', '-t', 'tmpfs', '-o', 'size=500m', 'tmpfs', cluster.directory);
    const { processesMax } = await readHostInfo('/');
    const { processes: now } = await readHostStats(0, '/', []);
    const thresholds = `memory.available<100Mi,nodefs.available<250Mi,pid.available<${processesMax - now - moreProcesses}`;
    await cluster.upWithImage(
      ...['--system-reserved', `memory=${totalmem() - memoryForPods},pid=${processesMax - processesForPods}`],
      ...['--eviction-hard', thresholds, '--eviction-pressure-transition-period', '1s'],
    );
    nodeName = (await cluster.client.list(nodes)).items[0]?.metadata.name ?? '';
    await start('modest', shell('sleep 3600', { resources: { requests: { memory: '50Mi' } } }));
    await cluster.podAddress('modest');
    neighbour = await containerOf('modest');
  });
  afterAll(async () => {
    const { directory } = cluster;
    const left = (await cluster.down()).filter((trace) => !/^mount .*tmpfs/.test(trace) || trace.includes('/node/'));
    await run('umount', directory);
    cluster.remove();
    expect(left).toEqual([]);
  });

  const start = (name: string, main: Container, more: Partial<PodSpec> = {}) =>
    cluster.client.create(pods, {
      metadata: { name, namespace },
      spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [main], ...more },
    });

  async function statusOf(name: string) {
    return (await cluster.client.get(pods, { namespace, name })).status;
  }

  async function containerOf(name: string) {
    return (await statusOf(name))?.containerStatuses?.[0]?.containerID;
  }

  function failed(name: string) {
    return cluster.until(
      `${name} has failed`,
      async () => {
        const status = await statusOf(name);
        return status?.phase === 'Failed' ? status : undefined;
      },
      45_000,
    );
  }

  /** Waits until the node says so, and has the taint, or not. */
  async function nodeSays(condition: string, taint: string, is: boolean): Promise<void> {
    await cluster.until(
      `the node has ${is ? '' : 'no '}${condition}`,
      async () => {
        const { spec, status } = await cluster.client.get(nodes, { name: nodeName });
        const found = status?.conditions?.find(({ type }) => type === condition)?.status;
        const tainted = spec?.taints?.some(({ key }) => key === taint) ?? false;
        return found === (is ? 'True' : 'False') && tainted === is ? true : undefined;
      },
      45_000,
    );
  }

  /** What was told of a pod or of the node, by reason. */
  async function told(name: string, reason: string): Promise<readonly (string | undefined)[]> {
    const { items } = await cluster.client.list(events, {});
    return items
      .filter((event) => event.involvedObject.name === name && event.reason === reason)
      .map(({ message }) => message);
  }

  async function isUnharmed(): Promise<void> {
    expect((await statusOf('modest'))?.phase).toBe('Running');
    expect(await containerOf('modest')).toBe(neighbour);
  }

  /** The pod is evicted for a resource, and the node says so for a while. */
  async function isEvicted(name: string, resource: string, condition: string, taint: string): Promise<string> {
    await nodeSays(condition, taint, true);
    const { reason, message = '', conditions = [] } = await failed(name);
    expect(reason).toBe('Evicted');
    const disruption = conditions.find(({ type }) => type === 'DisruptionTarget');
    expect(disruption).toMatchObject({ status: 'True', reason: 'TerminationByKubelet', message });
    expect(await told(name, 'Evicted')).toEqual([message]);
    expect(await told(nodeName, 'EvictionThresholdMet')).toContain(`Attempting to reclaim ${resource}`);
    await isUnharmed();
    await nodeSays(condition, taint, false);
    return message;
  }

  test('what is kept from pods is not in what they are placed by, nor in what they may have together', async () => {
    const { status } = await cluster.client.get(nodes, { name: nodeName });
    const kibibytes = (memoryForPods - 100 * mebibyte) / 1024;
    const allocatable = status?.allocatable?.['memory'];
    expect([`${kibibytes}Ki`, `${kibibytes / 1024}Mi`]).toContain(allocatable);
    const [found = ''] = (
      await run('find', '/sys/fs/cgroup', '-path', `*stuurman-${cluster.id}/kubepods/pids.max`)
    ).split('\n');
    expect(readFileSync(found, 'utf8').trim()).toBe(String(processesForPods));
  });

  test('the kernel ends agent and runtime after all pods, where the machine lets us say so', async () => {
    await start('best-effort', shell('sleep 3600'));
    const amounts = { cpu: '10m', memory: '10Mi' };
    await start('guaranteed', shell('sleep 3600', { resources: { requests: amounts, limits: amounts } }));
    const scoreOf = (pid: number | 'self') => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
    const own = scoreOf('self');
    const may = mayLowerOomScore(readFileSync('/proc/self/status', 'utf8'));
    const containerd = processes().find(({ command }) =>
      command.includes(`${cluster.directory}/node/containerd/config`),
    );
    const ours = [agentOf(cluster.directory), containerd?.pid ?? 0].map(scoreOf);
    expect(ours).toEqual(may ? [-999, -999] : [own, own]);
    const log = readFileSync(join(cluster.directory, 'logs', 'agent.log'), 'utf8');
    expect(log.includes('when memory runs out the kernel may end the agent or containerd before pods')).toBe(!may);
    const scores: number[] = [];
    for (const name of ['best-effort', 'modest', 'guaranteed']) {
      await cluster.podAddress(name);
      scores.push(scoreOf(processOfContainer((await containerOf(name)) ?? '')));
    }
    const burstable = 1000 - Math.floor((1000 * 50 * mebibyte) / totalmem());
    expect(scores).toEqual([1000, Math.min(999, burstable), may ? -997 : own]);
    for (const name of ['best-effort', 'guaranteed']) await cluster.client.delete(pods, { namespace, name });
  });

  test('short of memory, the pod that has most of it is evicted', async () => {
    await start('greedy', shell(hog(930)));
    const message = await isEvicted('greedy', 'memory', 'MemoryPressure', 'node.kubernetes.io/memory-pressure');
    expect(message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+[KM]i\. Container main was using \d+[KM]i, request is 0, has larger consumption of memory\. $/,
    );
  });

  test('one that takes all memory at once is ended by the kernel, within what is for pods', async () => {
    await start('sudden', shell('exec tail /dev/zero'));
    const { containerStatuses = [] } = await failed('sudden');
    expect(containerStatuses[0]?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    await isUnharmed();
    await nodeSays('MemoryPressure', 'node.kubernetes.io/memory-pressure', false);
  });

  test('short of disk, the pod that fills it is evicted, and its room is given back', async () => {
    await start('writer', shell('head -c 320m /dev/zero > /data/file; sleep 3600', { volumeMounts }), {
      volumes: [{ name: 'data', emptyDir: {} }],
    });
    const message = await isEvicted('writer', 'ephemeral-storage', 'DiskPressure', 'node.kubernetes.io/disk-pressure');
    expect(message).toMatch(
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: 250Mi, available: \d+[KM]i\. /,
    );
  });

  test('so is one that fills it by what it logs; images that no registry has are still there', async () => {
    await start('talker', shell('head -c 320m /dev/zero | tr "\\0" x | fold -w 1000; sleep 3600'));
    await isEvicted('talker', 'ephemeral-storage', 'DiskPressure', 'node.kubernetes.io/disk-pressure');
  });

  test('short of processes, the pod that has most of them is evicted', async () => {
    const count = 2 * moreProcesses;
    await start('forker', shell(`for i in $(seq ${count}); do sleep 3600 & done; wait`));
    const message = await isEvicted('forker', 'pids', 'PIDPressure', 'node.kubernetes.io/pid-pressure');
    expect(message).toMatch(/^The node was low on resource: pids\. Threshold quantity: \d+k?, available: \d+\. /);
  });
});

const volumeMounts = [{ name: 'data', mountPath: '/data' }];
