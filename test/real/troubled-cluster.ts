import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { Node, NodeCondition, Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { events, nodes, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { busyboxArchive } from './image-cache.ts';
import { LocalCluster } from './local-cluster.ts';
import { PoweredMachine } from './powered-machine.ts';
import { RuntimeSampler } from './runtime-sampler.ts';

const gateway = '198.18.8.1';
const namespace = 'default';
const tolerationSeconds = 2;
const diskMebibytes = 300;

/** A node here, one beside it in a network of its own, and one on a machine that things happen to: `other`. */
export class TroubledCluster {
  readonly gracePeriodMs = 20_000;
  #cluster: LocalCluster | undefined;
  #machine: PoweredMachine | undefined;
  #sampler: RuntimeSampler | undefined;
  #names: readonly string[] = [];

  async begin(): Promise<void> {
    const cluster = await LocalCluster.begin('failing', 7661);
    this.#cluster = cluster;
    const machine = await PoweredMachine.begin('stfail', '198.18.8.2', gateway, diskMebibytes);
    this.#machine = machine;
    await cluster.upWithImage('--nodes', '2', '--address', gateway, '--node-monitor-grace-period', '20s');
    this.#names = (await cluster.client.list(nodes)).items.map(({ metadata }) => metadata.name ?? '').sort();
    const limits = ['--eviction-pressure-transition-period', '1s'];
    await machine.stuurman([...(await cluster.invitation()), '--node-name', 'other', ...limits, '--detach']);
    await machine.stuurman(['image', 'import', await busyboxArchive(cluster.environment)]);
    const sockets = new Map([
      [this.here, () => `/run/stuurman-${cluster.id}/containerd.sock`],
      [this.beside, () => `/run/stuurman-${cluster.id}-2/containerd.sock`],
      ['other', () => machine.path(`/run/${runDirectory(machine)}/containerd.sock`)],
    ]);
    this.#sampler = new RuntimeSampler(cluster.environment, sockets);
  }

  /** Also where it has begun in part alone. */
  async end(): Promise<void> {
    try {
      await this.#sampler?.close();
      await this.#machine?.stuurman(['down', '--purge']);
      expect([...((await this.#machine?.traces()) ?? []), ...((await this.#cluster?.down()) ?? [])]).toEqual([]);
    } finally {
      await this.#machine?.end();
    }
    this.#cluster?.remove();
  }

  get cluster(): LocalCluster {
    return begun(this.#cluster);
  }

  get machine(): PoweredMachine {
    return begun(this.#machine);
  }

  get sampler(): RuntimeSampler {
    return begun(this.#sampler);
  }

  get here(): string {
    return begun(this.#names[0]);
  }

  get beside(): string {
    return begun(this.#names[1]);
  }

  /** One pod that prefers the machine that things happen to, may be nowhere but there and here, and leaves it soon. */
  workload(name: string) {
    const among = (...names: readonly string[]) => ({
      matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: names }],
    });
    const leaves = ['not-ready', 'unreachable'].map((what) => ({
      key: `node.kubernetes.io/${what}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds,
    }));
    const spec: PodSpec = {
      terminationGracePeriodSeconds: 1,
      tolerations: leaves,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [among('other', this.here)] },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: among('other') }],
        },
      },
      containers: [{ name: 'main', image: busyboxImage.image, command: ['sleep', '3600'] }],
    };
    const selector = { matchLabels: { app: name } };
    const template = { metadata: { labels: { app: name } }, spec };
    return { metadata: { name, namespace }, spec: { replicas: 1, selector, template, serviceName: name } };
  }

  async podsOf(app: string): Promise<readonly Pod[]> {
    return (await this.cluster.client.list(pods, { namespace, labelSelector: `app=${app}` })).items;
  }

  readyOf(app: string): Promise<Pod> {
    return this.cluster.until(`a pod of ${app} is ready`, async () => (await this.podsOf(app)).find(isReady));
  }

  pod(name: string): Promise<Pod> {
    return this.cluster.client.get(pods, { namespace, name });
  }

  ready(name: string): Promise<Pod> {
    return this.cluster.until(`pod ${name} is ready`, async () => {
      const pod = await this.pod(name);
      return isReady(pod) ? pod : undefined;
    });
  }

  /** Waits until a condition of a node has a status; answers it. */
  nodeSays(name: string, type: string, status: string, patienceMs?: number) {
    const ask = async () => {
      const found = conditionOf(await this.cluster.client.get(nodes, { name }), type);
      return found?.status === status ? found : undefined;
    };
    return this.cluster.until(`${type} of node ${name} is ${status}`, ask, patienceMs);
  }

  async taints(name: string): Promise<readonly string[]> {
    const node = await this.cluster.client.get(nodes, { name });
    return (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
  }

  /** What was told of a pod or a node, with the reason before it. */
  async told(name: string): Promise<readonly string[]> {
    const { items } = await this.cluster.client.list(events, {});
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }
}

function begun<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the cluster has not begun');
  return part;
}

/** The state of a node may have another place after its machine has booted. */
function runDirectory(machine: PoweredMachine): string {
  return readdirSync(machine.path('/run')).find((name) => name.startsWith('stuurman-')) ?? 'none';
}

export function conditionOf({ status }: Node | Pod, type: string) {
  const conditions: readonly Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>[] = status?.conditions ?? [];
  return conditions.find((each) => each.type === type);
}

export const isReady = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'Ready')?.status === 'True';
export const containerOf = ({ status }: Pod) =>
  status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
export const restarts = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount;
