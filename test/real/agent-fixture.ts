import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer } from '../../src/apiserver/api-server.ts';
import type { Client } from '../../src/client/client.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { type Agent, startAgent } from '../../src/node/agent.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import { cgroupHierarchies } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { CleanUp } from '../../src/node/host/linux/clean-up.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { ContainerRuntime } from '../../src/node/runtime/runtime.ts';
import { ownSources } from '../../src/node/sources.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { Container, Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { events, namespaces, nodes, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { admin, allowAll } from '../support/test-api-server.ts';
import { ContainerdFixture } from './containerd-fixture.ts';

const nodeName = 'real-1';
const namespace = 'default';

/** One real node: API server and agent in this process, containers in containerd; pods are bound when they are made. */
export class AgentFixture {
  readonly containerd: ContainerdFixture;
  readonly runtime: ContainerRuntime;
  readonly server: ApiServer;
  readonly client: Client;
  readonly cgroupRoot = `/stuurman-test-${process.pid}`;
  #agent: Agent | undefined;
  #stop = async () => {};

  private constructor(containerd: ContainerdFixture) {
    this.containerd = containerd;
    this.runtime = containerd.runtime();
    const { environment } = containerd;
    this.server = new ApiServer({
      environment,
      logger: silentLogger,
      definitions: builtInDefinitions,
      authorizers: [allowAll],
      admission: [],
      store: new MemoryStore({ environment }),
    });
    this.client = this.server.client(admin, 'test');
  }

  /** With a node that is ready, and the busybox image on it. */
  static async open(config: Partial<NodeConfig> = {}): Promise<AgentFixture> {
    const fixture = new AgentFixture(await ContainerdFixture.open());
    const { client, containerd } = fixture;
    await containerd.provide(busyboxImage);
    await fixture.server.start();
    // All that a node makes below it goes with it.
    const unlimited = { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0, memoryBytes: 0, pids: 0 };
    await containerd.host.ensureCgroup(fixture.cgroupRoot, unlimited);
    await client.create(namespaces, { metadata: { name: namespace } });
    await client.create(namespaces, { metadata: { name: 'kube-node-lease' } });
    await fixture.startAgent(config);
    await fixture.until(async () => {
      const node = await client.get(nodes, { name: nodeName }).catch(() => undefined);
      return node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' || undefined;
    });
    return fixture;
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error('no agent was started');
    return this.#agent;
  }

  /** Where the agent keeps what belongs to pods. */
  get rootDirectory(): string {
    return join(this.containerd.directory, 'node');
  }

  async startAgent(config: Partial<NodeConfig> = {}): Promise<void> {
    const { environment, host, directory } = this.containerd;
    const client = this.server.client(admin, 'agent');
    const logger = silentLogger;
    const informers = createInformerFactory({ client, environment, logger });
    const agent = await startAgent({
      client,
      sources: ownSources({ client, informers, environment, logger, nodeName }),
      runtime: this.runtime,
      host,
      environment,
      logger,
      metrics: silentMetrics,
      nodeName,
      config: {
        rootDirectory: this.rootDirectory,
        podLogsDirectory: join(directory, 'pod-logs'),
        cgroupRoot: this.cgroupRoot,
        ...config,
      },
    });
    this.#agent = agent;
    this.#stop = async () => {
      await agent.stop();
      await informers.stop();
    };
  }

  async stopAgent(): Promise<void> {
    await this.#stop();
    this.#stop = async () => {};
  }

  /** Takes everything down; answers what went wrong, and what was left behind. */
  async close(): Promise<readonly unknown[]> {
    const { containerd, cgroupRoot } = this;
    await this.stopAgent();
    this.server.stop();
    await this.runtime.close();
    const problems = [
      ...(await containerd.containerd.down()),
      ...(await new CleanUp(containerd.host, containerd.environment).tearDown()),
    ];
    const mounts = (await readMounts()).filter((mount) => mount.mountPoint.startsWith(containerd.directory));
    const cgroups = cgroupHierarchies(await readMounts()).filter((each) => existsSync(join(each.path, cgroupRoot)));
    return [...problems, ...(await containerd.close()), ...mounts, ...cgroups];
  }

  /** Asks again and again until there is an answer. */
  async until<T>(ask: () => Promise<T | undefined>, patienceMs = 30_000): Promise<T> {
    const { environment } = this.containerd;
    const deadline = environment.monotonic() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (environment.monotonic() > deadline) throw new Error('waited for nothing');
      await environment.sleep(20);
    }
  }

  create(name: string, spec: PodSpec): Promise<Pod> {
    return this.client.create(pods, { metadata: { name, namespace }, spec: { nodeName, ...spec } });
  }

  /** Undefined when there is none. */
  async read(name: string): Promise<Pod | undefined> {
    try {
      return await this.client.get(pods, { namespace, name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  inPhase(name: string, phase: string): Promise<Pod> {
    return this.until(async () => {
      const pod = await this.read(name);
      return pod?.status?.phase === phase ? pod : undefined;
    });
  }

  ready(name: string): Promise<Pod> {
    return this.until(async () => {
      const pod = await this.read(name);
      return pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? pod : undefined;
    });
  }

  async remove(name: string, gracePeriodSeconds = 0): Promise<void> {
    await this.client.delete(pods, { namespace, name }, { gracePeriodSeconds });
    await this.until(async () => ((await this.read(name)) === undefined ? true : undefined));
  }

  /** What a container has written, without the runtime's marks. */
  logOf(pod: Pod, container: string, attempt = 0): string {
    const folder = `${namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
    const file = join(this.containerd.directory, 'pod-logs', folder, container, `${attempt}.log`);
    return readFileSync(file, 'utf8').replaceAll(/^\S+ \S+ \S+ /gm, '');
  }

  /** `Reason: message`, in the order of their first time. */
  async events(name: string): Promise<readonly string[]> {
    const { items } = await this.client.list(events, { namespace });
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** A container of the busybox image that runs a script. */
  shell(name: string, script: string): Container {
    return { name, image: busyboxImage.image, command: ['sh', '-c', script] };
  }
}
