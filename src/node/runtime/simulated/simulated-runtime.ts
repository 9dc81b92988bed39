import type { Duplex } from 'node:stream';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { PortConnection } from '../../../wire/port-forward/port-connection.ts';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
import type { ResourceUsage } from '../../host/host.ts';
import type { MemoryFiles } from '../../host/simulated/memory-files.ts';
import type {
  ProbeResponder,
  SimulatedAnswer,
  SimulatedLoad,
  SimulatedProbe,
} from '../../host/simulated/simulated-host.ts';
import {
  type Container,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStats,
  type ContainerStatus,
  type ExecOptions,
  type ExecResult,
  type ExecSession,
  type FilesystemUsage,
  type Image,
  type LinuxResources,
  type RegistryLogin,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeStatus,
  type RuntimeVersion,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts';
import { defaultProgram } from './default-program.ts';
import { EventStream } from './event-stream.ts';
import { execSession } from './exec-session.ts';
import { portSession } from './port-session.ts';
import type { ProgramChooser } from './program.ts';
import { SimulatedContainer } from './simulated-container.ts';
import { SimulatedImages, type SimulatedImagesOptions } from './simulated-images.ts';
import { type SimulatedSandbox, SimulatedSandboxes } from './simulated-sandboxes.ts';

export interface SimulatedRuntimeOptions {
  readonly environment: Environment;
  /** Where logs and termination messages are written: the files of the simulated host. */
  readonly files: MemoryFiles;
  /** The node's share of pod addresses. */
  readonly podCidr: string;
  readonly images?: SimulatedImagesOptions;
  /** What containers do; absent: what their command says, and a command that is not known runs until it is stopped. */
  readonly program?: ProgramChooser;
  readonly latency?: Partial<Latency>;
}

/** How long the runtime takes, in milliseconds; 0 unless given. */
export interface Latency {
  readonly runPodSandbox: number;
  readonly createContainer: number;
  readonly startContainer: number;
  readonly pullImage: number;
}

/** Containers that live in memory: they start, answer, log and end as their program says. */
export class SimulatedRuntime implements ContainerRuntime, ProbeResponder, SimulatedLoad {
  readonly images: SimulatedImages;
  readonly #options: SimulatedRuntimeOptions;
  readonly #environment: Environment;
  readonly #sandboxes: SimulatedSandboxes;
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #events = new EventStream();
  #unavailable: string | undefined;
  #networkMessage: string | undefined;
  /** What containers have used that are gone. */
  #formerCpuNanoseconds = 0;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#sandboxes = new SimulatedSandboxes(options.environment, options.podCidr);
    this.images = new SimulatedImages(options.images);
  }

  // What tests and drills do to it.

  /** Ends a running container from within, as a crash does. */
  exit(containerId: string, exitCode: number, reason?: string): void {
    const container = this.#container(containerId);
    if (container.isRunning) container.end(exitCode, reason);
  }

  /** The id of the running container of a pod; undefined when there is none. */
  findContainer(namespace: string, pod: string, name: string): string | undefined {
    for (const { id, isRunning, config, sandbox } of this.#containers.values()) {
      const { metadata } = sandbox;
      if (metadata.namespace === namespace && metadata.name === pod && config.metadata.name === name && isRunning)
        return id;
    }
    return undefined;
  }

  /** Where on the host the path is that a running container sees; undefined where nothing is mounted. */
  hostPathOf(namespace: string, pod: string, name: string, path: string): string | undefined {
    const id = this.findContainer(namespace, pod, name);
    const mounts = id === undefined ? [] : this.#container(id).config.mounts;
    const within = mounts.filter(({ containerPath }) => path === containerPath || path.startsWith(`${containerPath}/`));
    const [nearest] = within.sort((a, b) => b.containerPath.length - a.containerPath.length);
    return nearest === undefined ? undefined : nearest.hostPath + path.slice(nearest.containerPath.length);
  }

  /** Writes a line to the log of a running container, as its process would. */
  log(containerId: string, line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    this.#container(containerId).log(line, stream);
  }

  /** Every call fails and event streams break, until `undefined`: the runtime is down. Containers keep running. */
  setUnavailable(message: string | undefined): void {
    this.#unavailable = message;
    if (message !== undefined) this.#events.break(new RuntimeError('Unavailable', message));
  }

  /** Pod networking is out of order, in these words, until `undefined`. */
  setNetworkNotReady(message: string | undefined): void {
    this.#networkMessage = message;
  }

  /** The machine loses power and comes back: nothing runs any more, nobody saw it end. */
  reboot(): void {
    for (const container of this.#containers.values()) if (container.isRunning) container.end(255, 'Unknown');
    this.#sandboxes.stopAll();
  }

  // ContainerRuntime

  async version(): Promise<RuntimeVersion> {
    this.#check();
    return { name: 'simulated', version: '1.0.0', apiVersion: 'v1' };
  }

  async status(): Promise<RuntimeStatus> {
    this.#check();
    const message = this.#networkMessage;
    return { runtimeReady: true, networkReady: message === undefined, message: message ?? '', features: undefined };
  }

  async runPodSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string> {
    this.#check();
    await this.#delay('runPodSandbox', signal);
    if (this.#networkMessage !== undefined && !config.hostNetwork)
      throw new RuntimeError('Unknown', `failed to setup network for sandbox: ${this.#networkMessage}`);
    return this.#sandboxes.run(config, () => this.#newId());
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    this.#check();
    for (const container of this.#sandboxes.find(sandboxId)?.containers ?? []) container.kill();
    this.#sandboxes.stop(sandboxId);
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    this.#check();
    const sandbox = this.#sandboxes.find(sandboxId);
    if (sandbox === undefined) return;
    if (sandbox.ready) await this.stopPodSandbox(sandboxId);
    for (const container of sandbox.containers) this.#remove(container);
    this.#sandboxes.remove(sandboxId);
  }

  async listPodSandboxes(): Promise<readonly Sandbox[]> {
    this.#check();
    return this.#sandboxes.list();
  }

  async podSandboxStatus(sandboxId: string): Promise<SandboxStatus | undefined> {
    this.#check();
    return this.#sandboxes.status(sandboxId);
  }

  async createContainer(
    sandboxId: string,
    config: ContainerConfig,
    _sandbox: SandboxConfig,
    signal?: AbortSignal,
  ): Promise<string> {
    this.#check();
    await this.#delay('createContainer', signal);
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox.ready) throw new RuntimeError('Unknown', `sandbox container "${sandboxId}" is not running`);
    const image = this.images.find(config.image);
    if (image === undefined) throw new RuntimeError('NotFound', `image "${config.image}": not found`);
    const { name, attempt } = config.metadata;
    for (const other of sandbox.containers)
      if (other.config.metadata.name === name && other.config.metadata.attempt === attempt)
        throw new RuntimeError('AlreadyExists', `name "${name}_${attempt}" is reserved for "${other.id}"`);
    const container = new SimulatedContainer({
      id: this.#newId(),
      sandboxId,
      sandbox: sandbox.config,
      config,
      image,
      environment: this.#environment,
      files: this.#options.files,
      tell: (type, containerId) => this.#events.emit({ type, containerId, at: this.#environment.now() }),
    });
    this.#containers.set(container.id, container);
    sandbox.containers.add(container);
    this.#events.emit({ type: 'created', containerId: container.id, at: this.#environment.now() });
    return container.id;
  }

  async startContainer(containerId: string, signal?: AbortSignal): Promise<void> {
    this.#check();
    await this.#delay('startContainer', signal);
    const container = this.#container(containerId);
    const { config, sandbox } = container;
    container.start((this.#options.program ?? defaultProgram)({ config, sandbox }));
  }

  async stopContainer(containerId: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void> {
    this.#check();
    await this.#containers.get(containerId)?.stop(timeoutSeconds, signal);
  }

  async removeContainer(containerId: string): Promise<void> {
    this.#check();
    const container = this.#containers.get(containerId);
    if (container === undefined) return;
    container.kill();
    this.#remove(container);
  }

  async listContainers(): Promise<readonly Container[]> {
    this.#check();
    return [...this.#containers.values()].map((container) => container.summary());
  }

  async containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    this.#check();
    return this.#containers.get(containerId)?.status();
  }

  async updateContainerResources(containerId: string, resources: LinuxResources): Promise<void> {
    this.#check();
    this.#container(containerId).resources = resources;
  }

  /** Lines always go to the file that is there by that name. */
  async reopenContainerLog(containerId: string): Promise<void> {
    this.#check();
    const container = this.#container(containerId);
    container.mustRun();
    this.#options.files.append(container.logPath, '');
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ExecResult> {
    this.#check();
    const result = this.#container(containerId).execSync(command);
    const durationMs = result.durationMs ?? 0;
    if (durationMs > 0)
      await this.#environment.sleep(timeoutMs > 0 ? Math.min(durationMs, timeoutMs) : durationMs, signal);
    if (timeoutMs > 0 && durationMs > timeoutMs)
      throw new RuntimeError('DeadlineExceeded', `command "${command.join(' ')}" timed out`);
    const encoder = new TextEncoder();
    const capped = (text: string | undefined) => encoder.encode(text ?? '').slice(0, 16 * 1024);
    return { exitCode: result.exitCode, stdout: capped(result.stdout), stderr: capped(result.stderr) };
  }

  async exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    this.#check();
    const container = this.#container(containerId);
    container.mustRun();
    return execSession(this.#environment, options, (stdin) => container.exec(options.command, stdin));
  }

  async attach(containerId: string, options: StreamOptions): Promise<ExecSession> {
    this.#check();
    return this.#container(containerId).attach(options);
  }

  async portForward(sandboxId: string, port: number): Promise<PortConnection> {
    this.#check();
    return portSession(sandboxId, port, listenerOf([this.#sandboxes.get(sandboxId)], port));
  }

  /** A connection to what listens on a port of an address of this node; undefined when nothing does. */
  connect(address: string, port: number): Duplex | undefined {
    const listener = listenerOf(this.#sandboxes.at(address), port);
    return listener && portSession('', port, listener).data;
  }

  async listImages(): Promise<readonly Image[]> {
    this.#check();
    return this.images.list();
  }

  async imageStatus(image: string): Promise<Image | undefined> {
    this.#check();
    return this.images.find(image);
  }

  async pullImage(image: string, login?: RegistryLogin, signal?: AbortSignal): Promise<string> {
    this.#check();
    await this.#delay('pullImage', signal);
    return this.images.pull(image, login).id;
  }

  async removeImage(image: string): Promise<void> {
    this.#check();
    this.images.remove(image);
  }

  async imageFilesystem(): Promise<FilesystemUsage> {
    this.#check();
    const images = this.images.list();
    return {
      timestamp: this.#environment.now(),
      mountpoint: '/var/lib/simulated',
      usedBytes: images.reduce((sum, image) => sum + image.sizeBytes, 0),
      inodesUsed: images.length * 100,
    };
  }

  async listContainerStats(): Promise<readonly ContainerStats[]> {
    this.#check();
    return [...this.#containers.values()].filter(({ isRunning }) => isRunning).map((each) => each.stats());
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    this.#check();
    return this.#events.listen(signal);
  }

  async close(): Promise<void> {
    for (const container of this.#containers.values()) container.dispose();
  }

  // ProbeResponder

  respond(probe: SimulatedProbe): SimulatedAnswer | undefined {
    for (const { containers } of this.#sandboxes.at(probe.address))
      for (const container of containers) {
        const answer = container.answer(probe);
        if (answer !== undefined) return answer;
      }
    return undefined;
  }

  // SimulatedLoad

  load(): Pick<ResourceUsage, 'cpuUsageCoreNanoSeconds' | 'memoryWorkingSetBytes'> {
    let [cpuUsageCoreNanoSeconds, memoryWorkingSetBytes] = [this.#formerCpuNanoseconds, 0];
    for (const container of this.#containers.values()) {
      cpuUsageCoreNanoSeconds += container.measureCpuNanoseconds();
      if (container.isRunning) memoryWorkingSetBytes += container.stats().memoryWorkingSetBytes;
    }
    return { cpuUsageCoreNanoSeconds, memoryWorkingSetBytes };
  }

  #container(containerId: string): SimulatedContainer {
    const container = this.#containers.get(containerId);
    if (container === undefined) throw new RuntimeError('NotFound', `container "${containerId}" not found`);
    return container;
  }

  #check(): void {
    if (this.#unavailable !== undefined) throw new RuntimeError('Unavailable', this.#unavailable);
  }

  async #delay(operation: keyof Latency, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const delayMs = this.#options.latency?.[operation] ?? 0;
    if (delayMs > 0) await this.#environment.sleep(delayMs, signal);
  }

  #remove(container: SimulatedContainer): void {
    this.#containers.delete(container.id);
    this.#formerCpuNanoseconds += container.measureCpuNanoseconds();
    this.#sandboxes.find(container.sandboxId)?.containers.delete(container);
    this.#events.emit({ type: 'deleted', containerId: container.id, at: this.#environment.now() });
  }

  /** As containerd's: 64 hexadecimal digits. */
  #newId(): string {
    return this.#environment.randomBytes(32).toHex();
  }
}

/** What listens on a port of one of these sandboxes. */
function listenerOf(sandboxes: readonly SimulatedSandbox[], port: number): ((connection: Duplex) => void) | undefined {
  const containers = sandboxes.flatMap((sandbox) => [...sandbox.containers]);
  return containers.map((container) => container.listener(port)).find((each) => each !== undefined);
}
