import type { Environment, Timer } from '../../../machinery/environment/environment.ts';
import type { MemoryFiles } from '../../host/simulated/memory-files.ts';
import type { ProbeResponder, SimulatedAnswer, SimulatedProbe } from '../../host/simulated/simulated-host.ts';
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
  RuntimeError,
  type RuntimeEvent,
  type RuntimeStatus,
  type RuntimeVersion,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts';
import { AddressPool } from './address-pool.ts';
import { defaultProgram } from './default-program.ts';
import { EventStream } from './event-stream.ts';
import { execSession } from './exec-session.ts';
import type { ProgramChooser, SimulatedExec, SimulatedProgram } from './program.ts';
import { runCommand } from './run-command.ts';
import { SimulatedImages, type SimulatedImagesOptions } from './simulated-images.ts';

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

interface SandboxRecord {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAt: number;
  ready: boolean;
  address: string | undefined;
  readonly containers: Set<ContainerRecord>;
}

interface ContainerRecord {
  readonly id: string;
  readonly sandbox: SandboxRecord;
  readonly config: ContainerConfig;
  readonly imageName: string;
  readonly imageId: string;
  readonly createdAt: number;
  state: 'created' | 'running' | 'exited';
  program: SimulatedProgram;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  exitCode: number;
  reason: string;
  resources: LinuxResources;
  timer: Timer | undefined;
  readonly waiters: Set<() => void>;
}

/** Containers that live in memory: they start, answer, log and end as their program says. */
export class SimulatedRuntime implements ContainerRuntime, ProbeResponder {
  readonly images: SimulatedImages;
  readonly #options: SimulatedRuntimeOptions;
  readonly #environment: Environment;
  readonly #addresses: AddressPool;
  readonly #sandboxes = new Map<string, SandboxRecord>();
  readonly #byAddress = new Map<string, SandboxRecord>();
  readonly #containers = new Map<string, ContainerRecord>();
  readonly #events = new EventStream();
  #unavailable: string | undefined;
  #networkMessage: string | undefined;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#addresses = new AddressPool(options.podCidr);
    this.images = new SimulatedImages(options.images);
  }

  // What tests and drills do to it.

  /** Ends a running container from within, as a crash does. */
  exit(containerId: string, exitCode: number, reason?: string): void {
    const container = this.#container(containerId);
    if (container.state === 'running') this.#end(container, exitCode, reason);
  }

  /** The id of the running container of a pod; undefined when there is none. */
  findContainer(namespace: string, pod: string, name: string): string | undefined {
    for (const container of this.#containers.values()) {
      const { metadata } = container.sandbox.config;
      const matches =
        metadata.namespace === namespace && metadata.name === pod && container.config.metadata.name === name;
      if (matches && container.state === 'running') return container.id;
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
    this.#log(this.#container(containerId), line, stream);
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
    for (const container of this.#containers.values())
      if (container.state === 'running') this.#end(container, 255, 'Unknown');
    for (const sandbox of this.#sandboxes.values()) this.#stopSandbox(sandbox);
  }

  // ContainerRuntime

  async version(): Promise<RuntimeVersion> {
    this.#check();
    return { name: 'simulated', version: '1.0.0', apiVersion: 'v1' };
  }

  async status(): Promise<RuntimeStatus> {
    this.#check();
    const message = this.#networkMessage;
    return { runtimeReady: true, networkReady: message === undefined, message: message ?? '' };
  }

  async runPodSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string> {
    this.#check();
    await this.#delay('runPodSandbox', signal);
    const { metadata } = config;
    if (this.#networkMessage !== undefined && !config.hostNetwork)
      throw new RuntimeError('Unknown', `failed to setup network for sandbox: ${this.#networkMessage}`);
    for (const other of this.#sandboxes.values()) {
      const taken = other.config.metadata;
      if (taken.uid === metadata.uid && taken.attempt === metadata.attempt)
        throw new RuntimeError(
          'AlreadyExists',
          `sandbox ${metadata.name} attempt ${metadata.attempt} exists as ${other.id}`,
        );
    }
    const address = config.hostNetwork ? undefined : this.#addresses.take();
    if (address === undefined && !config.hostNetwork)
      throw new RuntimeError(
        'Unknown',
        `failed to setup network for sandbox: no addresses left in ${this.#options.podCidr}`,
      );
    const sandbox: SandboxRecord = {
      id: this.#newId(),
      config,
      createdAt: this.#environment.now(),
      ready: true,
      address,
      containers: new Set(),
    };
    this.#sandboxes.set(sandbox.id, sandbox);
    if (address !== undefined) this.#byAddress.set(address, sandbox);
    return sandbox.id;
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    this.#check();
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return;
    for (const container of sandbox.containers) if (container.state === 'running') this.#end(container, 137);
    this.#stopSandbox(sandbox);
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    this.#check();
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return;
    if (sandbox.ready) await this.stopPodSandbox(sandboxId);
    for (const container of sandbox.containers) this.#remove(container);
    this.#sandboxes.delete(sandboxId);
  }

  async listPodSandboxes(): Promise<readonly Sandbox[]> {
    this.#check();
    return [...this.#sandboxes.values()].map(sandboxOf);
  }

  async podSandboxStatus(sandboxId: string): Promise<SandboxStatus | undefined> {
    this.#check();
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return undefined;
    return { ...sandboxOf(sandbox), ips: sandbox.address === undefined ? [] : [sandbox.address] };
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
    if (sandbox === undefined) throw new RuntimeError('NotFound', `sandbox "${sandboxId}" not found`);
    if (!sandbox.ready) throw new RuntimeError('Unknown', `sandbox container "${sandboxId}" is not running`);
    const image = this.images.find(config.image);
    if (image === undefined) throw new RuntimeError('NotFound', `image "${config.image}": not found`);
    const { name, attempt } = config.metadata;
    for (const other of sandbox.containers)
      if (other.config.metadata.name === name && other.config.metadata.attempt === attempt)
        throw new RuntimeError('AlreadyExists', `name "${name}_${attempt}" is reserved for "${other.id}"`);
    const container: ContainerRecord = {
      id: this.#newId(),
      sandbox,
      config,
      imageName: image.tags[0] ?? image.id,
      imageId: image.digests[0] ?? image.id,
      createdAt: this.#environment.now(),
      state: 'created',
      program: {},
      startedAt: undefined,
      finishedAt: undefined,
      exitCode: 0,
      reason: '',
      resources: config.resources,
      timer: undefined,
      waiters: new Set(),
    };
    this.#containers.set(container.id, container);
    sandbox.containers.add(container);
    this.#emit('created', container);
    return container.id;
  }

  async startContainer(containerId: string, signal?: AbortSignal): Promise<void> {
    this.#check();
    await this.#delay('startContainer', signal);
    const container = this.#container(containerId);
    if (container.state !== 'created')
      throw new RuntimeError('Unknown', `container "${containerId}" is in ${container.state} state, not in created`);
    const { config, sandbox } = container;
    container.program = (this.#options.program ?? defaultProgram)({ config, sandbox: sandbox.config });
    if (container.program.startError !== undefined) {
      this.#end(container, 128, 'StartError');
      throw new RuntimeError('Unknown', container.program.startError);
    }
    container.state = 'running';
    container.startedAt = this.#environment.now();
    this.#emit('started', container);
    for (const line of container.program.output ?? []) this.#log(container, line, 'stdout');
    const { exitAfterMs, exitCode = 0 } = container.program;
    if (exitAfterMs === undefined) return;
    container.timer = this.#environment.setTimer(exitAfterMs, () => {
      this.#writeTerminationMessage(container);
      this.#end(container, exitCode, container.program.reason);
    });
  }

  async stopContainer(containerId: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void> {
    this.#check();
    const container = this.#containers.get(containerId);
    if (container === undefined || container.state !== 'running') return;
    const { stopAfterMs = 0, stopExitCode = 0 } = container.program;
    const timeoutMs = timeoutSeconds * 1000;
    const [afterMs, exitCode] =
      stopAfterMs < timeoutMs || stopAfterMs === 0 ? [stopAfterMs, stopExitCode] : [timeoutMs, 137];
    if (afterMs === 0) {
      this.#end(container, exitCode);
      return;
    }
    const timer = this.#environment.setTimer(afterMs, () => this.#end(container, exitCode));
    try {
      await this.#ended(container, signal);
    } finally {
      timer.cancel();
    }
  }

  async removeContainer(containerId: string): Promise<void> {
    this.#check();
    const container = this.#containers.get(containerId);
    if (container === undefined) return;
    if (container.state === 'running') this.#end(container, 137);
    this.#remove(container);
  }

  async listContainers(): Promise<readonly Container[]> {
    this.#check();
    return [...this.#containers.values()].map(containerOf);
  }

  async containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    this.#check();
    const container = this.#containers.get(containerId);
    if (container === undefined) return undefined;
    return {
      ...containerOf(container),
      startedAt: container.startedAt,
      finishedAt: container.finishedAt,
      exitCode: container.exitCode,
      reason: container.reason,
      message: '',
      logPath: logPathOf(container),
    };
  }

  async updateContainerResources(containerId: string, resources: LinuxResources): Promise<void> {
    this.#check();
    this.#container(containerId).resources = resources;
  }

  /** Lines always go to the file that is there by that name. */
  async reopenContainerLog(containerId: string): Promise<void> {
    this.#check();
    const container = this.#container(containerId);
    if (container.state !== 'running') throw new RuntimeError('Unknown', `container "${containerId}" is not running`);
    this.#options.files.append(logPathOf(container), '');
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ExecResult> {
    const result = this.#exec(containerId, command, '');
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
    this.#running(containerId);
    return execSession(this.#environment, options, (stdin) => this.#exec(containerId, options.command, stdin));
  }

  async listImages(): Promise<readonly Image[]> {
    this.#check();
    return this.images.list();
  }

  async imageStatus(image: string): Promise<Image | undefined> {
    this.#check();
    return this.images.find(image);
  }

  async pullImage(image: string, signal?: AbortSignal): Promise<string> {
    this.#check();
    await this.#delay('pullImage', signal);
    return this.images.pull(image).id;
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
    const now = this.#environment.now();
    return [...this.#containers.values()].filter(({ state }) => state === 'running').map((each) => statsOf(each, now));
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    this.#check();
    return this.#events.listen(signal);
  }

  async close(): Promise<void> {
    for (const container of this.#containers.values()) container.timer?.cancel();
  }

  // ProbeResponder

  respond(probe: SimulatedProbe): SimulatedAnswer | undefined {
    const sandbox = this.#byAddress.get(probe.address);
    const sandboxes = sandbox === undefined ? this.#hostNetworked() : [sandbox];
    for (const each of sandboxes)
      for (const container of each.containers) {
        if (container.state !== 'running') continue;
        const runningMs = this.#environment.now() - (container.startedAt ?? 0);
        const { answer } = container.program;
        if (answer === undefined) return { outcome: 'success', message: '' };
        const result = answer.call(container.program, { ...probe, runningMs });
        if (result !== undefined) return result;
      }
    return undefined;
  }

  #hostNetworked(): readonly SandboxRecord[] {
    return [...this.#sandboxes.values()].filter((sandbox) => sandbox.config.hostNetwork && sandbox.ready);
  }

  #exec(containerId: string, command: readonly string[], stdin: string): SimulatedExec {
    const container = this.#running(containerId);
    const context = { env: container.config.env, hostname: container.sandbox.config.hostname, stdin };
    return container.program.exec?.(command, context) ?? runCommand(command, context);
  }

  #running(containerId: string): ContainerRecord {
    this.#check();
    const container = this.#container(containerId);
    if (container.state !== 'running')
      throw new RuntimeError('Unknown', `container "${containerId}" is in ${container.state} state, not running`);
    return container;
  }

  #container(containerId: string): ContainerRecord {
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

  #ended(container: ContainerRecord, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      container.waiters.add(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #end(container: ContainerRecord, exitCode: number, reason?: string): void {
    if (container.state === 'exited') return;
    container.timer?.cancel();
    container.timer = undefined;
    container.state = 'exited';
    container.finishedAt = this.#environment.now();
    container.exitCode = exitCode;
    container.reason = reason ?? (exitCode === 0 ? 'Completed' : 'Error');
    for (const wake of container.waiters) wake();
    container.waiters.clear();
    this.#emit('stopped', container);
  }

  #stopSandbox(sandbox: SandboxRecord): void {
    sandbox.ready = false;
    if (sandbox.address === undefined) return;
    this.#addresses.release(sandbox.address);
    this.#byAddress.delete(sandbox.address);
    sandbox.address = undefined;
  }

  #remove(container: ContainerRecord): void {
    this.#containers.delete(container.id);
    container.sandbox.containers.delete(container);
    this.#emit('deleted', container);
  }

  #emit(type: RuntimeEvent['type'], container: ContainerRecord): void {
    this.#events.emit({ type, containerId: container.id, at: this.#environment.now() });
  }

  #log(container: ContainerRecord, line: string, stream: 'stdout' | 'stderr'): void {
    const time = new Date(this.#environment.now()).toISOString().replace('Z', '000000Z');
    const text = line
      .split('\n')
      .map((each) => `${time} ${stream} F ${each}\n`)
      .join('');
    this.#options.files.append(logPathOf(container), text);
  }

  #writeTerminationMessage(container: ContainerRecord): void {
    const { terminationMessage } = container.program;
    if (terminationMessage === undefined) return;
    const path = container.config.annotations['io.kubernetes.container.terminationMessagePath'];
    const mount = container.config.mounts.find((each) => each.containerPath === path);
    if (mount !== undefined) this.#options.files.append(mount.hostPath, terminationMessage);
  }

  /** As containerd's: 64 hexadecimal digits. */
  #newId(): string {
    return this.#environment.randomBytes(32).toHex();
  }
}

function sandboxOf({ id, config, ready, createdAt }: SandboxRecord): Sandbox {
  return { id, metadata: config.metadata, ready, createdAt, labels: config.labels, annotations: config.annotations };
}

function containerOf(container: ContainerRecord): Container {
  const { id, sandbox, config, state, imageName, imageId, createdAt } = container;
  return {
    id,
    sandboxId: sandbox.id,
    metadata: config.metadata,
    state,
    image: imageName,
    imageId,
    createdAt,
    labels: config.labels,
    annotations: config.annotations,
  };
}

function logPathOf({ sandbox, config }: ContainerRecord): string {
  return `${sandbox.config.logDirectory}/${config.logPath}`;
}

function statsOf(container: ContainerRecord, now: number): ContainerStats {
  const { cpuCores = 0.01, memoryBytes = 10 * 2 ** 20 } = container.program;
  return {
    containerId: container.id,
    labels: container.config.labels,
    timestamp: now,
    cpuUsageCoreNanoSeconds: Math.round((now - (container.startedAt ?? now)) * 1e6 * cpuCores),
    memoryWorkingSetBytes: memoryBytes,
    memoryUsageBytes: memoryBytes,
    memoryRssBytes: memoryBytes,
    writableLayerUsedBytes: 0,
  };
}
