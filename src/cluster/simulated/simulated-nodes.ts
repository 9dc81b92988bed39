import type { Duplex } from 'node:stream';
import type { UserInfo } from '../../apiserver/request.ts';
import type { Client } from '../../client/client.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { SkewedEnvironment } from '../../machinery/environment/skewed.ts';
import type { Logger } from '../../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../../machinery/metrics.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import {
  addressAt,
  formatRange,
  type Ipv4Range,
  parseIpv4,
  parseRange,
  rangesOverlap,
  subrange,
} from '../../network/ipv4.ts';
import { type Agent, startAgent } from '../../node/agent.ts';
import { defaultConfig, type NodeConfig } from '../../node/config.ts';
import type { HostStats } from '../../node/host/host.ts';
import { limitsConfig, type NodeLimits } from '../../node/node-limits.ts';
import type { SimulatedRuntime } from '../../node/runtime/simulated/simulated-runtime.ts';
import {
  createSimulatedMachine,
  type SimulatedMachine,
  type SimulatedMachineOptions,
} from '../../node/simulated-machine.ts';
import { type AgentSources, sharedSources } from '../../node/sources.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import { nodeUser, serverUser } from '../control-plane/users.ts';
import { type JoinableCluster, JoinedIdentity, type SimulatedJoin } from './joined-identity.ts';
import { Partition } from './partition.ts';

export interface SimulatedNodesOptions {
  readonly clientFor: (user: UserInfo) => Client;
  /** Shared by all nodes. */
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics?: MetricRegistry | undefined;
  /** Absent: no node can join by a token. */
  readonly cluster?: JoinableCluster | undefined;
}

/** How a simulated node differs from the general ones. */
export interface SimulatedNodeOptions {
  readonly name?: string | undefined;
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly taints?: NodeConfig['nodeTaints'] | undefined;
  readonly maxPods?: number | undefined;
  /** What the node keeps from its pods, and when it ends them; what is absent is a kubelet's. */
  readonly limits?: NodeLimits | undefined;
  /** The node joins by a bootstrap token and keeps its certificates renewed, as one on another machine. Absent: it is simply known. */
  readonly join?: SimulatedJoin | undefined;
  /** What containers do and which images there are. */
  readonly runtime?: Pick<SimulatedMachineOptions, 'program' | 'images' | 'latency'> | undefined;
}

/** One simulated node, and what a test can do to it. */
export interface SimulatedNode {
  readonly name: string;
  readonly runtime: SimulatedRuntime;
  /** Of a node that joined by a token, while its agent runs. */
  readonly identity: Pick<JoinedIdentity, 'clientCertificate' | 'servingCertificate'> | undefined;
  /** The network between the node and the API server fails. Its containers run on. */
  cutOff(): void;
  reconnect(): void;
  /** The agent dies, as by SIGKILL; containers run on. */
  killAgent(): Promise<void>;
  /** A new agent takes over what runs; with another token, when one that joined has none that is still good. */
  startAgent(token?: string): Promise<void>;
  /** Makes the machine seem busier, fuller or emptier than it is. */
  setLoad(load: Partial<HostStats>): void;
  /** Sets the machine's clock: so much ahead of the true time, or behind it when negative. */
  setClock(skewMs: number): void;
  /** The machine goes away, with all its containers; the Node object stays. */
  powerOff(): Promise<void>;
}

/** Addresses of machines and of pods: ranges of their own, for there may be thousands. */
const machineRange = parseRange('172.30.0.0/15');
const podRange = parseRange('100.64.0.0/10');

/** Nodes without machines, all in this process: real agents on simulated runtimes. */
export class SimulatedNodes {
  readonly #options: SimulatedNodesOptions;
  readonly #sources: AgentSources;
  readonly #nodes = new Map<string, SimulatedNodeProcess>();
  #count = 0;
  #stopped = false;

  constructor(options: SimulatedNodesOptions) {
    this.#options = options;
    this.#sources = sharedSources(options.informers);
  }

  get(name: string): SimulatedNode {
    const found = this.#nodes.get(name);
    if (found === undefined)
      throw new Error(`there is no simulated node ${name}; there are ${[...this.#nodes.keys()].join(', ') || 'none'}`);
    return found;
  }

  /** The API of a node, answered without a connection; undefined when there is no such node, or its agent is down. */
  api(name: string): HttpTarget | undefined {
    return this.#nodes.get(name)?.api;
  }

  /** How to connect to an address of a machine or pod here; undefined for any other. Where nobody listens it throws as a socket would fail. */
  wayTo(address: string): ((port: number) => Duplex) | undefined {
    const node = [...this.#nodes.values()].find((each) => each.has(address));
    return node && ((port) => node.connect(address, port));
  }

  list(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  /** Adds a node and starts its agent. */
  async add(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
    if (this.#stopped) throw new Error('the cluster is closed: no node can be added');
    const index = this.#count++;
    const name = options.name ?? `node-${index}`;
    const [problem] = nameIsDnsSubdomain(name, false);
    if (problem !== undefined) throw new Error(`a node cannot be called "${name}": ${problem}`);
    if (this.#nodes.has(name)) throw new Error(`there is a simulated node ${name} already`);
    const node = new SimulatedNodeProcess(this.#options, this.#sources, name, index, options);
    this.#nodes.set(name, node);
    await node.startAgent();
    return node;
  }

  /** The node goes, machine and object. */
  async remove(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    await node?.powerOff();
    // A node may not delete itself.
    await this.#options.clientFor(serverUser).delete(nodes, { name });
  }

  /** Agents and machines end: a container that would have run on for an hour leaves no timer behind. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#nodes.values()].map((node) => node.end()));
    await this.#sources.stop();
  }
}

class SimulatedNodeProcess implements SimulatedNode {
  readonly name: string;
  readonly machine: SimulatedMachine;
  readonly #options: SimulatedNodesOptions;
  readonly #sources: AgentSources;
  readonly #settings: SimulatedNodeOptions;
  readonly #partition: Partition;
  readonly #environment: SkewedEnvironment;
  readonly #addresses: { readonly machine: string; readonly pods: Ipv4Range };
  #agent: Agent | undefined;
  #identity: JoinedIdentity | undefined;
  /** A token is for joining; nobody keeps it. */
  #hasJoined = false;

  constructor(
    options: SimulatedNodesOptions,
    sources: AgentSources,
    name: string,
    index: number,
    settings: SimulatedNodeOptions,
  ) {
    this.name = name;
    this.#options = options;
    this.#settings = settings;
    this.#partition = new Partition(name);
    this.#sources = this.#partition.sources(sources);
    this.#environment = new SkewedEnvironment(options.environment);
    this.#addresses = { machine: addressAt(machineRange, index + 10), pods: subrange(podRange, 24, index) };
    this.machine = createSimulatedMachine({
      environment: this.#environment,
      hostname: name,
      address: this.#addresses.machine,
      podCidr: formatRange(this.#addresses.pods),
      ...(settings.cpus !== undefined && { cpus: settings.cpus }),
      ...(settings.memoryBytes !== undefined && { memoryBytes: settings.memoryBytes }),
      ...settings.runtime,
    });
  }

  get api(): HttpTarget | undefined {
    return this.#partition.isCut ? undefined : this.#agent?.api;
  }

  has(address: string): boolean {
    const { machine, pods } = this.#addresses;
    const first = parseIpv4(address);
    return address === machine || (first !== undefined && rangesOverlap(pods, { first, prefix: 32 }));
  }

  /** Throws when nobody listens there. */
  connect(address: string, port: number): Duplex {
    if (this.#partition.isCut) return noRouteTo(address);
    const connection = this.machine.runtime.connect(address, port);
    if (connection === undefined) throw unconnected('ECONNREFUSED', `nobody listens on port ${port} of ${address}`);
    return connection;
  }

  get identity(): JoinedIdentity | undefined {
    return this.#identity;
  }

  get runtime(): SimulatedRuntime {
    return this.machine.runtime;
  }

  cutOff(): void {
    this.#partition.cut();
  }

  reconnect(): void {
    this.#partition.mend();
  }

  setLoad(load: Partial<HostStats>): void {
    this.machine.host.setLoad(load);
  }

  setClock(skewMs: number): void {
    this.#environment.skewMs = skewMs;
  }

  async killAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
    await this.#identity?.stop();
    this.#identity = undefined;
  }

  async startAgent(token?: string): Promise<void> {
    if (this.#agent !== undefined) return;
    this.#identity = await this.#join(token);
    const { clientFor, logger, metrics = silentMetrics } = this.#options;
    const { labels = {}, taints = [], maxPods, limits = {} } = this.#settings;
    this.#agent = await startAgent({
      client: this.#identity?.client ?? this.#partition.client(clientFor(nodeUser(this.name))),
      sources: this.#identity?.sources ?? this.#sources,
      runtime: this.machine.runtime,
      host: this.machine.host,
      environment: this.#environment,
      logger,
      metrics,
      nodeName: this.name,
      config: {
        nodeLabels: { 'stuurman.dev/runtime': 'simulated', ...labels },
        nodeTaints: taints,
        ...limitsConfig(limits, defaultConfig),
        ...(maxPods !== undefined && { maxPods }),
      },
    });
    await this.#identity?.start();
  }

  async #join(token: string | undefined): Promise<JoinedIdentity | undefined> {
    const { join } = this.#settings;
    const { cluster, logger } = this.#options;
    if (join === undefined) return undefined;
    if (cluster === undefined) throw new Error(`${this.name} cannot join: the cluster gives no tokens`);
    const joined = await JoinedIdentity.open({
      cluster,
      join: { ...join, token: token ?? (this.#hasJoined ? undefined : join.token) },
      nodeName: this.name,
      files: this.machine.host.files,
      environment: this.#environment,
      logger,
      across: (client) => this.#partition.client(client),
    });
    this.#hasJoined = true;
    return joined;
  }

  async end(): Promise<void> {
    await this.killAgent();
    await this.machine.runtime.close();
  }

  async powerOff(): Promise<void> {
    await this.killAgent();
    for (const { id } of await this.machine.runtime.listPodSandboxes()) {
      await this.machine.runtime.stopPodSandbox(id);
      await this.machine.runtime.removePodSandbox(id);
    }
  }
}

/** What a socket says where no packet arrives. */
export function noRouteTo(address: string): never {
  throw unconnected('EHOSTUNREACH', `no route to ${address}`);
}

function unconnected(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
