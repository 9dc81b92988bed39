import type { DeleteOptions, ObjectKey, Patch, WriteOptions } from '../../src/client/client.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { type Logger, silentLogger } from '../../src/machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../../src/machinery/metrics.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { type Agent, startAgent } from '../../src/node/agent.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import type { Ledger } from '../../src/node/host/host.ts';
import { MemoryLedger } from '../../src/node/host/simulated/simulated-host.ts';
import { createSimulatedMachine, type SimulatedMachineOptions } from '../../src/node/simulated-machine.ts';
import { ownSources, sharedSources } from '../../src/node/sources.ts';
import type { TokenRequest } from '../../src/resources/schema/authentication-v1.generated.ts';
import type { Container, Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { events, nodes, pods } from '../../src/resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../src/wire/http.ts';
import { webSocketExec } from '../../src/wire/remote-command/websocket-exec-client.ts';
import { FakeClient } from './fake-client.ts';
import type { MortalProcess } from './mortal-process.ts';

/** The fake API with what an agent needs beside: lists that merge in status patches, graceful deletion, tokens. */
class NodeApi extends FakeClient {
  /** The bodies of requests for tokens, in order. */
  readonly tokenRequests: TokenRequest[] = [];
  readonly #environment: VirtualEnvironment;

  constructor(environment: VirtualEnvironment) {
    super(environment);
    this.#environment = environment;
  }

  override async createSubresource(
    _type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: object = {},
  ): Promise<never> {
    if (subresource !== 'token') throw new Error(`the fake has no ${subresource}`);
    const request = body as TokenRequest;
    this.tokenRequests.push(request);
    const seconds = request.spec?.expirationSeconds ?? 3600;
    const expirationTimestamp = new Date(this.#environment.now() + seconds * 1000).toISOString();
    const token = `token-${this.tokenRequests.length}-for-${key.name}`;
    return { ...request, status: { token, expirationTimestamp } } as never;
  }

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    if (patch.type !== 'strategic') return super.patch(type, key, patch, options);
    const body = patch.body as { readonly status?: Readonly<Record<string, unknown>> };
    if (body.status === undefined) return super.patch(type, key, patch, options);
    const before =
      ((await this.get(type, key)) as { readonly status?: Readonly<Record<string, unknown>> }).status ?? {};
    const status: Record<string, unknown> = { ...body.status };
    for (const [field, value] of Object.entries(status)) {
      if (!Array.isArray(value)) continue;
      if (field === 'conditions') status[field] = mergeByType(before[field], value);
      else status[field] = value.filter((item) => typeof item !== 'object' || !('$patch' in item));
    }
    return super.patch(type, key, { type: 'strategic', body: { ...body, status } }, options);
  }

  override async delete<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<T> {
    if (options.gracePeriodSeconds !== 0) return super.delete(type, key, options);
    const { finalizers } = (await this.get(type, key)).metadata;
    if (finalizers?.includes(held) !== true) return super.delete(type, key, options);
    return super.patch(type, key, { type: 'merge', body: { metadata: { finalizers: null } } });
  }
}

/** Stands for the grace period in which a pod that is being deleted stays. */
const held = 'test/held';

interface Typed {
  readonly type: string;
}

function mergeByType(before: unknown, changes: readonly Typed[]): readonly Typed[] {
  const all = Array.isArray(before) ? (before as readonly Typed[]) : [];
  const known = all.filter(({ type }) => !changes.some((each) => each.type === type && '$patch' in each));
  const merged = known.map((each) => withoutNulls({ ...each, ...changes.find(({ type }) => type === each.type) }));
  const added = changes.filter((each) => !('$patch' in each) && !known.some(({ type }) => type === each.type));
  return [...merged, ...added];
}

function withoutNulls<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as T;
}

export interface NodeWorldOptions extends Partial<Omit<SimulatedMachineOptions, 'environment'>> {
  readonly config?: Partial<NodeConfig>;
  readonly logger?: Logger;
  /** How a node of its own learns of objects, instead of how many in one process do. */
  readonly ownSources?: boolean;
  readonly metrics?: MetricRegistry;
  readonly renderMetrics?: () => Promise<string>;
  /** Another machine of the same name: time and API are those of this one. */
  readonly beside?: NodeWorld;
}

/** One simulated node on a fake API, in virtual time. */
export class NodeWorld {
  readonly environment: VirtualEnvironment;
  readonly api: NodeApi;
  readonly machine;
  readonly #options: NodeWorldOptions;
  readonly #ledger = new MemoryLedger();
  #process: MortalProcess | undefined;
  #agent: Agent | undefined;
  #factory: ReturnType<typeof createInformerFactory> | undefined;

  constructor(options: NodeWorldOptions = {}) {
    this.#options = options;
    this.environment = options.beside?.environment ?? new VirtualEnvironment(1);
    this.api = options.beside?.api ?? new NodeApi(this.environment);
    this.machine = createSimulatedMachine({
      environment: this.environment,
      hostname: 'node-1',
      address: '192.168.0.1',
      podCidr: '10.1.0.0/24',
      ledger: {
        entries: () => this.#ledger.entries(),
        add: (entry) => this.#ownLedger.add(entry),
        remove: (entry) => this.#ownLedger.remove(entry),
      },
      ...options,
    });
  }

  /** As the process that runs now writes it. */
  get #ownLedger(): Ledger {
    return this.#process?.ledger(this.#ledger) ?? this.#ledger;
  }

  static async start(options: NodeWorldOptions = {}): Promise<NodeWorld> {
    const world = new NodeWorld(options);
    await world.startAgent();
    await world.environment.settle();
    return world;
  }

  get runtime() {
    return this.machine.runtime;
  }

  get host() {
    return this.machine.host;
  }

  /** In a process of its own where one is given: the world goes on when that is killed. */
  async startAgent(process?: MortalProcess): Promise<void> {
    const environment = process?.environment(this.environment) ?? this.environment;
    const client = process?.client(this.api.client) ?? this.api.client;
    const logger = this.#options.logger ?? silentLogger;
    const informers = createInformerFactory({ client, environment, logger });
    const own = { client, informers, environment, logger, nodeName: 'node-1' };
    this.#process = process;
    this.#factory = informers;
    this.#agent = await startAgent({
      client,
      sources: this.#options.ownSources === true ? ownSources(own) : sharedSources(informers),
      runtime: process?.runtime(this.runtime) ?? this.runtime,
      host: process?.host(this.host) ?? this.host,
      environment,
      logger,
      metrics: this.#options.metrics ?? silentMetrics,
      renderMetrics: this.#options.renderMetrics,
      nodeName: 'node-1',
      config: this.#options.config ?? {},
    });
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    await this.#factory?.stop();
    this.#agent = undefined;
  }

  /** The agent is gone from one moment to the next, and has put nothing in order. */
  forgetAgent(): void {
    this.#agent = undefined;
    this.#factory = undefined;
  }

  async close(): Promise<void> {
    await this.stopAgent();
    await this.runtime.close();
  }

  /** The node's own API. */
  get nodeApi(): HttpTarget {
    if (this.#agent === undefined) throw new Error('there is no agent');
    return this.#agent.api;
  }

  /** Runs a command in a container through the node's own API; its output and exit code. */
  async exec(path: string, command: readonly string[], stdin?: string): Promise<string> {
    const target = this.nodeApi;
    const query = new URLSearchParams([...command.map((word) => ['command', word]), ['output', '1'], ['error', '1']]);
    if (stdin !== undefined) query.set('input', '1');
    const options = { stdin: stdin !== undefined, stdout: true, stderr: true, tty: false };
    const session = await webSocketExec(this.environment, target, `/exec/${path}?${query}`, options);
    if (stdin !== undefined) {
      await session.stdin?.write(Buffer.from(stdin));
      await session.stdin?.close();
    }
    const read = async (stream: AsyncIterable<Uint8Array> | undefined) => {
      let text = '';
      for await (const chunk of stream ?? []) text += Buffer.from(chunk).toString('utf8');
      return text;
    };
    const [stdout, stderr, code] = await Promise.all([read(session.stdout), read(session.stderr), session.exit]);
    return `${stdout}|${stderr}|${code}`;
  }

  /** A request to the node's own API: status and body. */
  async get(path: string): Promise<readonly [status: number, body: string]> {
    const response = await this.nodeApi.fetch({ method: 'GET', path, headers: {} });
    const { body } = response;
    if (body === undefined) return [response.status, ''];
    if (body instanceof Uint8Array) return [response.status, new TextDecoder().decode(body)];
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return [response.status, Buffer.concat(chunks).toString('utf8')];
  }

  advance(seconds: number): Promise<void> {
    return this.environment.advance(seconds * 1000);
  }

  /** A pod that is bound to the node already. */
  async createPod(name: string, spec: Partial<PodSpec> & { readonly containers: readonly Container[] }): Promise<Pod> {
    const bound: PodSpec = { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, nodeName: 'node-1', ...spec };
    const status = { phase: 'Pending', qosClass: 'BestEffort' };
    const pod = await this.api.create(pods, { metadata: { name, namespace: 'default' }, spec: bound, status });
    await this.environment.settle();
    return pod;
  }

  /** A pod `web` with one container, `main`, a second after it has come. */
  async run(container: Partial<Container>): Promise<void> {
    await this.createPod('web', { containers: [{ name: 'main', image: 'nginx:1', ...container }] });
    await this.advance(1);
  }

  async pod(name: string): Promise<Pod | undefined> {
    try {
      return await this.api.get(pods, { namespace: 'default', name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async status(name: string): Promise<NonNullable<Pod['status']>> {
    const pod = await this.pod(name);
    if (pod?.status === undefined) throw new Error(`pod ${name} has no status`);
    return pod.status;
  }

  /** As the API server deletes a pod that is bound: it stays with a timestamp until its node removes it. */
  async deletePod(name: string, gracePeriodSeconds = 30): Promise<void> {
    const key = { namespace: 'default', name };
    if (gracePeriodSeconds === 0) await this.api.delete(pods, key, { gracePeriodSeconds });
    else {
      const deletionTimestamp = new Date(this.environment.now() + gracePeriodSeconds * 1000).toISOString();
      const metadata = { deletionTimestamp, deletionGracePeriodSeconds: gracePeriodSeconds, finalizers: [held] };
      await this.api.patch(pods, key, { type: 'merge', body: { metadata } });
    }
    await this.environment.settle();
  }

  /** The text of a file on the node; undefined when there is none. Paths in a pod are those its container sees. */
  async readInContainer(pod: string, container: string, path: string): Promise<string | undefined> {
    const hostPath = this.runtime.hostPathOf('default', pod, container, path);
    if (hostPath === undefined) return undefined;
    const bytes = await this.host.files.read(hostPath).catch(() => undefined);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** Why the first container of a pod waits. */
  async waiting(pod: string) {
    return (await this.status(pod)).containerStatuses?.[0]?.state?.waiting;
  }

  /** The state of a container in a word, with its reason where it has one. */
  async containerState(pod: string, container: string): Promise<string> {
    const { initContainerStatuses = [], containerStatuses = [] } = await this.status(pod);
    const status = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
    const { running, waiting, terminated } = status?.state ?? {};
    if (running !== undefined) return status?.ready === true ? 'ready' : 'running';
    if (waiting !== undefined) return `waiting ${waiting.reason}`;
    return terminated === undefined ? 'none' : `terminated ${terminated.reason} ${terminated.exitCode}`;
  }

  /** What was told about an object, in the order of their first time: `Reason: message`, with a count where it is more than one. */
  async events(name: string): Promise<readonly string[]> {
    const { items } = await this.api.list(events, {});
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
      .map(({ reason, message, count = 1 }) => `${reason}: ${message}${count > 1 ? ` (${count})` : ''}`);
  }

  async node() {
    return await this.api.get(nodes, { name: 'node-1' });
  }
}
