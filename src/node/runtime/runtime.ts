import type { PortConnection } from '../../wire/port-forward/port-connection.ts';
import type { ExecClientSession, StreamOptions } from '../../wire/remote-command/exec-streams.ts';
import type { ResourceUsage } from '../host/host.ts';

/**
 * What a node asks of its container runtime. Shaped like CRI v1 (`facts/grpc.json`, `runtime.v1`), in the vocabulary of this
 * project; `cri/` speaks it to containerd, `simulated/` lives it in memory. Times are milliseconds since 1970. Errors are
 * `RuntimeError`.
 */
export interface ContainerRuntime {
  version(signal?: AbortSignal): Promise<RuntimeVersion>;
  status(signal?: AbortSignal): Promise<RuntimeStatus>;

  runPodSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string>;
  /** Idempotent; also releases the pod's network. */
  stopPodSandbox(sandboxId: string, signal?: AbortSignal): Promise<void>;
  removePodSandbox(sandboxId: string, signal?: AbortSignal): Promise<void>;
  listPodSandboxes(signal?: AbortSignal): Promise<readonly Sandbox[]>;
  /** Undefined when there is none of this id. */
  podSandboxStatus(sandboxId: string, signal?: AbortSignal): Promise<SandboxStatus | undefined>;

  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
    signal?: AbortSignal,
  ): Promise<string>;
  startContainer(containerId: string, signal?: AbortSignal): Promise<void>;
  /** Sends the stop signal, and SIGKILL after the timeout. Idempotent. */
  stopContainer(containerId: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void>;
  removeContainer(containerId: string, signal?: AbortSignal): Promise<void>;
  listContainers(signal?: AbortSignal): Promise<readonly Container[]>;
  containerStatus(containerId: string, signal?: AbortSignal): Promise<ContainerStatus | undefined>;
  updateContainerResources(containerId: string, resources: LinuxResources, signal?: AbortSignal): Promise<void>;
  /** Makes the runtime open the container's log file anew, after it was rotated away. */
  reopenContainerLog(containerId: string, signal?: AbortSignal): Promise<void>;

  /** Runs to its end, which may come after any time when `timeoutMs` is 0; output is capped at 16 KiB a stream. */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ExecResult>;
  /** Runs with live streams. */
  exec(containerId: string, options: ExecOptions): Promise<ExecSession>;
  /** The live streams of what runs in the container already. The session ends, with 0, when the container does. */
  attach(containerId: string, streams: StreamOptions): Promise<ExecSession>;
  /** Connects to a port on the loopback address of a sandbox; that nobody listens there is told as the end of the connection. */
  portForward(sandboxId: string, port: number): Promise<PortConnection>;

  listImages(signal?: AbortSignal): Promise<readonly Image[]>;
  /** By name, digest or id; undefined when it is not on this machine. */
  imageStatus(image: string, signal?: AbortSignal): Promise<Image | undefined>;
  /** Answers the image's reference. Without a login the registry is asked as anybody may. */
  pullImage(image: string, login?: RegistryLogin, signal?: AbortSignal): Promise<string>;
  removeImage(image: string, signal?: AbortSignal): Promise<void>;
  imageFilesystem(signal?: AbortSignal): Promise<FilesystemUsage>;

  listContainerStats(signal?: AbortSignal): Promise<readonly ContainerStats[]>;

  /** Exits, starts and removals as they happen. Ends when the signal is aborted; throws when the runtime goes away: list, then listen again. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  close(): Promise<void>;
}

/** The message is the runtime's own words and nothing else: users find it in events and statuses. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: 'NotFound' | 'AlreadyExists' | 'InvalidArgument' | 'DeadlineExceeded' | 'Unavailable' | 'Unknown';
  constructor(code: RuntimeError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
}

export interface RuntimeStatus {
  readonly runtimeReady: boolean;
  readonly networkReady: boolean;
  /** Why not, in the runtime's words. */
  readonly message: string;
  /** What the runtime can do that not every one can; undefined: it does not say. */
  readonly features: RuntimeFeatures | undefined;
}

export interface RuntimeFeatures {
  readonly supplementalGroupsPolicy: boolean;
}

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
}

export interface SandboxConfig {
  readonly metadata: PodIdentity;
  readonly hostname: string;
  /** Absolute; container logs are relative to it. */
  readonly logDirectory: string;
  readonly dns:
    | { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
    | undefined;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly securityContext: SecurityContext;
  readonly runtimeHandler: string;
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface Sandbox {
  readonly id: string;
  readonly metadata: PodIdentity;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SandboxStatus extends Sandbox {
  /** Empty while the pod uses the host's network. */
  readonly ips: readonly string[];
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  /** What `imageStatus` answered. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly {
    readonly containerPath: string;
    readonly hostPath: string;
    readonly permissions: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly securityContext: SecurityContext;
  readonly stopSignal: string | undefined;
  /** The container whose processes this one sees, instead of its own alone (KEP-277). */
  readonly processNamespaceOf?: string | undefined;
}

export interface Mount {
  readonly containerPath: string;
  /** Empty for an image. */
  readonly hostPath: string;
  readonly image?: { readonly id: string; readonly subPath: string };
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional';
}

export interface LinuxResources {
  readonly cpuShares: number;
  /** Microseconds of cpu time per period; 0 is no limit. */
  readonly cpuQuota: number;
  readonly cpuPeriod: number;
  /** 0 is no limit. */
  readonly memoryLimitBytes: number;
  readonly oomScoreAdj: number;
}

export interface SecurityContext {
  readonly privileged: boolean;
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  readonly runAsUsername: string | undefined;
  readonly supplementalGroups: readonly number[];
  /** Whether the groups that the image has its user in are `Merge`d with them. */
  readonly supplementalGroupsPolicy: 'Merge' | 'Strict';
  readonly readOnlyRootFilesystem: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: { readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'; readonly path: string };
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly state: ContainerState;
  readonly image: string;
  readonly imageId: string;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Container {
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, ... as the runtime says. */
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array<ArrayBufferLike>;
  readonly stderr: Uint8Array<ArrayBufferLike>;
}

export interface ExecOptions extends StreamOptions {
  readonly command: readonly string[];
}

/** A command that runs in a container. `exit` rejects with `RuntimeError` when the command could not be started. */
export type ExecSession = ExecClientSession;

export interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** The user the image runs as: a number or a name. */
  readonly uid: number | undefined;
  readonly username: string;
  readonly pinned: boolean;
}

/** Who asks a registry for an image. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

export interface FilesystemUsage {
  readonly timestamp: number;
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

export interface ContainerStats extends ResourceUsage {
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly writableLayerUsedBytes: number;
  readonly writableLayerInodesUsed: number;
}

export interface RuntimeEvent {
  readonly type: 'created' | 'started' | 'stopped' | 'deleted';
  /** Or a sandbox, whose end is told, too. */
  readonly containerId: string;
  readonly at: number;
}
