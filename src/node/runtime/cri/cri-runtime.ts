import type { Environment } from '../../../machinery/environment/environment.ts';
import type { PortConnection } from '../../../wire/port-forward/port-connection.ts';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
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
  type Mount,
  type RegistryLogin,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeStatus,
  type RuntimeVersion,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts';
import { containerMessage, resourcesMessage, sandboxMessage } from './config-messages.ts';
import { containerdEvents } from './containerd-events.ts';
import { ExecGate } from './exec-gate.ts';
import { ImageService, RuntimeService } from './generated/runtime-v1.generated.ts';
import { GrpcConnection } from './grpc-connection.ts';
import type { RuntimeStreams } from './runtime-streams.ts';
import {
  containerOf,
  containerStatusOf,
  filesystemOf,
  imageOf,
  runtimeStatusOf,
  sandboxOf,
  sandboxStatusOf,
  statsOf,
} from './status-messages.ts';

/** How long the runtime may take to answer, as the kubelet's `runtimeRequestTimeout` has it. */
const requestTimeoutMs = 120_000;
/** A sandbox includes its network, which plugins set up. */
const sandboxTimeoutMs = 240_000;
/** A stream is only prepared, and somebody waits for it. */
const streamTimeoutMs = 30_000;
const pullTimeoutMs = 30 * 60_000;
const maxOutputBytes = 16 << 10;
/** For how long an exit may take to get from containerd's events to CRI. */
const settlePatienceMs = 5_000;
/** After this what happened before is looked at once more. */
const catchUpMs = 1_000;
const latelyMs = 10_000;

/** Mounts images for a runtime that does not do it itself. */
export interface ImageMounts {
  /** Answers where in the machine the image, or a directory in it, is to be found from now on. */
  mount(sandboxId: string, image: NonNullable<Mount['image']>): Promise<string>;
  /** Takes all of the sandbox's away; nothing is wrong when there is none. */
  unmount(sandboxId: string): Promise<void>;
}

export interface CriRuntimeOptions {
  readonly environment: Environment;
  readonly socketPath: string;
  /** Opens streams at the addresses that the runtime gives. */
  readonly streams: RuntimeStreams;
  readonly imageMounts?: ImageMounts;
}

/** A container runtime that speaks CRI v1, and containerd's events beside it. */
export class CriRuntime implements ContainerRuntime {
  readonly #environment: Environment;
  readonly #connection: GrpcConnection;
  readonly #streams: RuntimeStreams;
  readonly #execGate: ExecGate;
  readonly #imageMounts: ImageMounts | undefined;
  /** Which sandbox a container is in: its status does not say so. */
  #sandboxOfContainer = new Map<string, string>();

  constructor(options: CriRuntimeOptions) {
    this.#environment = options.environment;
    this.#connection = new GrpcConnection(options.environment, options.socketPath);
    this.#streams = options.streams;
    this.#imageMounts = options.imageMounts;
    this.#execGate = new ExecGate(options.environment);
  }

  async version(signal?: AbortSignal): Promise<RuntimeVersion> {
    const answer = await this.#connection.call(RuntimeService.method.version, {}, within(requestTimeoutMs, signal));
    return {
      name: answer.runtimeName,
      version: answer.runtimeVersion,
      apiVersion: answer.runtimeApiVersion,
    };
  }

  async status(signal?: AbortSignal): Promise<RuntimeStatus> {
    const answer = await this.#connection.call(RuntimeService.method.status, {}, within(requestTimeoutMs, signal));
    return runtimeStatusOf(answer);
  }

  async runPodSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string> {
    const answer = await this.#connection.call(
      RuntimeService.method.runPodSandbox,
      { config: sandboxMessage(config), runtimeHandler: config.runtimeHandler },
      within(sandboxTimeoutMs, signal),
    );
    return answer.podSandboxId;
  }

  async stopPodSandbox(podSandboxId: string, signal?: AbortSignal): Promise<void> {
    const { stopPodSandbox } = RuntimeService.method;
    await unlessGone(this.#connection.call(stopPodSandbox, { podSandboxId }, within(requestTimeoutMs, signal)));
  }

  async removePodSandbox(podSandboxId: string, signal?: AbortSignal): Promise<void> {
    const { removePodSandbox } = RuntimeService.method;
    await unlessGone(this.#connection.call(removePodSandbox, { podSandboxId }, within(requestTimeoutMs, signal)));
    await this.#imageMounts?.unmount(podSandboxId);
  }

  async listPodSandboxes(signal?: AbortSignal): Promise<readonly Sandbox[]> {
    const { listPodSandbox } = RuntimeService.method;
    const answer = await this.#connection.call(listPodSandbox, {}, within(requestTimeoutMs, signal));
    return answer.items.map(sandboxOf);
  }

  async podSandboxStatus(podSandboxId: string, signal?: AbortSignal): Promise<SandboxStatus | undefined> {
    const { podSandboxStatus } = RuntimeService.method;
    const answer = await unlessGone(
      this.#connection.call(podSandboxStatus, { podSandboxId }, within(requestTimeoutMs, signal)),
    );
    return answer?.status === undefined ? undefined : sandboxStatusOf(answer.status);
  }

  async createContainer(
    podSandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
    signal?: AbortSignal,
  ): Promise<string> {
    const mounts = await this.#mountsOf(podSandboxId, config, signal);
    const message = containerMessage({ ...config, mounts }, sandbox);
    const { containerId } = await this.#connection.call(
      RuntimeService.method.createContainer,
      { podSandboxId, config: message, sandboxConfig: sandboxMessage(sandbox) },
      within(requestTimeoutMs, signal),
    );
    this.#sandboxOfContainer.set(containerId, podSandboxId);
    return containerId;
  }

  /** With places of the machine instead of images, where the runtime wants that. */
  async #mountsOf(sandboxId: string, { mounts }: ContainerConfig, signal?: AbortSignal): Promise<readonly Mount[]> {
    const imageMounts = this.#imageMounts;
    if (imageMounts === undefined || mounts.every(({ image }) => image === undefined)) return mounts;
    if (mountsImages(await this.version(signal))) return mounts;
    const found: Mount[] = [];
    for (const { image, ...mount } of mounts)
      found.push(image === undefined ? mount : { ...mount, hostPath: await imageMounts.mount(sandboxId, image) });
    return found;
  }

  async startContainer(containerId: string, signal?: AbortSignal): Promise<void> {
    const { startContainer } = RuntimeService.method;
    await this.#connection.call(startContainer, { containerId }, within(requestTimeoutMs, signal));
  }

  async stopContainer(containerId: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void> {
    const request = { containerId, timeout: BigInt(Math.max(0, Math.ceil(timeoutSeconds))) };
    const timeoutMs = requestTimeoutMs + timeoutSeconds * 1000;
    await unlessGone(this.#connection.call(RuntimeService.method.stopContainer, request, within(timeoutMs, signal)));
  }

  async removeContainer(containerId: string, signal?: AbortSignal): Promise<void> {
    const { removeContainer } = RuntimeService.method;
    await unlessGone(this.#connection.call(removeContainer, { containerId }, within(requestTimeoutMs, signal)));
    this.#sandboxOfContainer.delete(containerId);
  }

  async listContainers(signal?: AbortSignal): Promise<readonly Container[]> {
    const { listContainers } = RuntimeService.method;
    const answer = await this.#connection.call(listContainers, {}, within(requestTimeoutMs, signal));
    const containers = answer.containers.map(containerOf);
    this.#sandboxOfContainer = new Map(containers.map((each) => [each.id, each.sandboxId]));
    return containers;
  }

  async containerStatus(containerId: string, signal?: AbortSignal): Promise<ContainerStatus | undefined> {
    const { containerStatus } = RuntimeService.method;
    const answer = await unlessGone(
      this.#connection.call(containerStatus, { containerId }, within(requestTimeoutMs, signal)),
    );
    if (answer?.status === undefined) return undefined;
    if (!this.#sandboxOfContainer.has(containerId)) await this.listContainers(signal);
    return containerStatusOf(answer.status, this.#sandboxOfContainer.get(containerId) ?? '');
  }

  async updateContainerResources(containerId: string, resources: LinuxResources, signal?: AbortSignal): Promise<void> {
    await this.#connection.call(
      RuntimeService.method.updateContainerResources,
      { containerId, linux: resourcesMessage(resources) },
      within(requestTimeoutMs, signal),
    );
  }

  async reopenContainerLog(containerId: string, signal?: AbortSignal): Promise<void> {
    const { reopenContainerLog } = RuntimeService.method;
    await this.#connection.call(reopenContainerLog, { containerId }, within(requestTimeoutMs, signal));
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ExecResult> {
    // CRI counts whole seconds, and none means no end. A runtime that does not end the command in time is given up on later.
    const request = { containerId, cmd: [...command], timeout: BigInt(Math.ceil(timeoutMs / 1000)) };
    const { execSync } = RuntimeService.method;
    const leave = await this.#execGate.enter(signal);
    const patienceMs = timeoutMs === 0 ? undefined : timeoutMs + requestTimeoutMs;
    const running = this.#connection.call(execSync, request, within(patienceMs, signal));
    const answer = await running.finally(leave);
    return {
      exitCode: answer.exitCode,
      stdout: answer.stdout.subarray(0, maxOutputBytes),
      stderr: answer.stderr.subarray(0, maxOutputBytes),
    };
  }

  async exec(containerId: string, { command, ...asked }: ExecOptions): Promise<ExecSession> {
    const streams = withTerminal(asked);
    const { exec } = RuntimeService.method;
    const request = { containerId, cmd: [...command], ...streams };
    const leave = await this.#execGate.enter();
    try {
      const { url } = await this.#connection.call(exec, request, within(streamTimeoutMs));
      const session = await this.#streams.command(new URL(url), streams);
      session.exit.then(leave, leave);
      return session;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async attach(containerId: string, asked: StreamOptions): Promise<ExecSession> {
    const streams = withTerminal(asked);
    const { attach } = RuntimeService.method;
    const { url } = await this.#connection.call(attach, { containerId, ...streams }, within(streamTimeoutMs));
    return this.#streams.command(new URL(url), streams);
  }

  async portForward(podSandboxId: string, port: number): Promise<PortConnection> {
    const { portForward } = RuntimeService.method;
    const request = { podSandboxId, port: [port] };
    const { url } = await this.#connection.call(portForward, request, within(streamTimeoutMs));
    return this.#streams.port(new URL(url), port);
  }

  async listImages(signal?: AbortSignal): Promise<readonly Image[]> {
    const { listImages } = ImageService.method;
    const answer = await this.#connection.call(listImages, {}, within(requestTimeoutMs, signal));
    return answer.images.map(imageOf);
  }

  async imageStatus(image: string, signal?: AbortSignal): Promise<Image | undefined> {
    const { imageStatus } = ImageService.method;
    const answer = await unlessGone(
      this.#connection.call(imageStatus, { image: { image } }, within(requestTimeoutMs, signal)),
    );
    return answer?.image === undefined ? undefined : imageOf(answer.image);
  }

  async pullImage(image: string, login?: RegistryLogin, signal?: AbortSignal): Promise<string> {
    const { pullImage } = ImageService.method;
    const request = { image: { image }, ...(login !== undefined && { auth: { ...login } }) };
    const answer = await this.#connection.call(pullImage, request, within(pullTimeoutMs, signal));
    return answer.imageRef;
  }

  async removeImage(image: string, signal?: AbortSignal): Promise<void> {
    const { removeImage } = ImageService.method;
    await unlessGone(this.#connection.call(removeImage, { image: { image } }, within(requestTimeoutMs, signal)));
  }

  async imageFilesystem(signal?: AbortSignal): Promise<FilesystemUsage> {
    const { imageFsInfo } = ImageService.method;
    const answer = await this.#connection.call(imageFsInfo, {}, within(requestTimeoutMs, signal));
    return filesystemOf(answer.imageFilesystems[0]);
  }

  async listContainerStats(signal?: AbortSignal): Promise<readonly ContainerStats[]> {
    const { listContainerStats } = RuntimeService.method;
    const answer = await this.#connection.call(listContainerStats, {}, within(requestTimeoutMs, signal));
    return answer.stats.map(statsOf);
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return containerdEvents(
      this.#connection,
      {
        settled: (event) => this.#settled(event, signal),
        endedLately: () => this.#endedLately(signal),
      },
      signal,
    );
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  /**
   * A start is told of containers only: CRI does not know a sandbox before all of it is up, and who asked for it is told then. An end
   * is told when CRI, too, knows of it - or after a while, since the reader lists from time to time.
   */
  async #settled({ type, containerId }: RuntimeEvent, signal: AbortSignal): Promise<boolean> {
    if (type === 'started') return (await this.containerStatus(containerId, signal)) !== undefined;
    if (type !== 'stopped') return true;
    const deadline = this.#environment.monotonic() + settlePatienceMs;
    for (let waitMs = 1; this.#environment.monotonic() < deadline; waitMs = Math.min(100, waitMs * 2)) {
      if ((await this.#stateOf(containerId, signal)) === 'ended') break;
      await this.#environment.sleep(waitMs, signal);
    }
    return true;
  }

  /** A moment from now, when CRI knows what containerd knew at the beginning. Of sandboxes nobody says when they ended. */
  async #endedLately(signal: AbortSignal): Promise<readonly RuntimeEvent[]> {
    const since = this.#environment.now() - latelyMs;
    await this.#environment.sleep(catchUpMs, signal);
    const [sandboxes, containers] = await Promise.all([this.listPodSandboxes(signal), this.listContainers(signal)]);
    const found: RuntimeEvent[] = sandboxes
      .filter((sandbox) => !sandbox.ready)
      .map(({ id }) => ({ type: 'stopped', containerId: id, at: this.#environment.now() }));
    for (const { id, state } of containers) {
      if (state !== 'exited') continue;
      const at = (await this.containerStatus(id, signal))?.finishedAt;
      if (at !== undefined && at >= since) found.push({ type: 'stopped', containerId: id, at });
    }
    return found;
  }

  async #stateOf(id: string, signal: AbortSignal): Promise<'running' | 'ended'> {
    const { containerStatus } = RuntimeService.method;
    const answer = await unlessGone(
      this.#connection.call(containerStatus, { containerId: id }, within(requestTimeoutMs, signal)),
    );
    if (answer?.status !== undefined)
      return containerStatusOf(answer.status, '').state === 'running' ? 'running' : 'ended';
    return (await this.podSandboxStatus(id, signal))?.ready === true ? 'running' : 'ended';
  }
}

/** With a terminal there is one output, and the runtime refuses to be asked for another. */
function withTerminal(streams: StreamOptions): StreamOptions {
  return { ...streams, stderr: streams.stderr && !streams.tty };
}

function within(timeoutMs: number | undefined, signal?: AbortSignal) {
  return { timeoutMs, signal };
}

/** Undefined where the runtime does not know what it was asked about. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

/** containerd takes images as mounts from 2.1 on. */
export function mountsImages({ name, version }: RuntimeVersion): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return name !== 'containerd' || Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 1);
}
