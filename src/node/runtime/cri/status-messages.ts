import type {
  Container,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  FilesystemUsage,
  Image,
  PodIdentity,
  RuntimeStatus,
  Sandbox,
  SandboxStatus,
} from '../runtime.ts';
import {
  type Container as ContainerMessage,
  type ContainerStats as ContainerStatsMessage,
  type ContainerStatus as ContainerStatusMessage,
  type FilesystemUsage as FilesystemUsageMessage,
  type Image as ImageMessage,
  type PodSandbox,
  type PodSandboxMetadata,
  PodSandboxState,
  type PodSandboxStatus,
  ContainerState as State,
  type StatusResponse,
} from './generated/runtime-v1.generated.ts';

/** What CRI answers, in the words of `ContainerRuntime`. */
export function sandboxOf(message: PodSandbox | PodSandboxStatus): Sandbox {
  return {
    id: message.id,
    metadata: identity(message.metadata),
    ready: message.state === PodSandboxState.SANDBOX_READY,
    createdAt: milliseconds(message.createdAt),
    labels: message.labels,
    annotations: message.annotations,
  };
}

export function sandboxStatusOf(message: PodSandboxStatus): SandboxStatus {
  const { ip = '', additionalIps = [] } = message.network ?? {};
  return { ...sandboxOf(message), ips: [ip, ...additionalIps.map((each) => each.ip)].filter((each) => each !== '') };
}

const states: Readonly<Record<State, ContainerState>> = {
  [State.CONTAINER_CREATED]: 'created',
  [State.CONTAINER_RUNNING]: 'running',
  [State.CONTAINER_EXITED]: 'exited',
  [State.CONTAINER_UNKNOWN]: 'unknown',
};

export function containerOf(message: ContainerMessage): Container {
  return { ...commonOf(message), sandboxId: message.podSandboxId };
}

/** CRI's status does not name the sandbox; containerd keeps it in the verbose part. */
export function containerStatusOf(message: ContainerStatusMessage, sandboxId: string): ContainerStatus {
  return {
    ...commonOf(message),
    sandboxId,
    startedAt: message.startedAt === 0n ? undefined : milliseconds(message.startedAt),
    finishedAt: message.finishedAt === 0n ? undefined : milliseconds(message.finishedAt),
    exitCode: message.exitCode,
    reason: message.reason,
    message: message.message,
    logPath: message.logPath,
  };
}

function commonOf(message: ContainerMessage | ContainerStatusMessage): Omit<Container, 'sandboxId'> {
  return {
    id: message.id,
    metadata: { name: message.metadata?.name ?? '', attempt: message.metadata?.attempt ?? 0 },
    state: states[message.state] ?? 'unknown',
    image: message.image?.image ?? '',
    imageId: message.imageId || message.imageRef,
    createdAt: milliseconds(message.createdAt),
    labels: message.labels,
    annotations: message.annotations,
  };
}

export function imageOf(message: ImageMessage): Image {
  return {
    id: message.id,
    tags: message.repoTags,
    digests: message.repoDigests,
    sizeBytes: Number(message.size),
    uid: message.uid === undefined ? undefined : Number(message.uid.value),
    username: message.username,
    pinned: message.pinned,
  };
}

export function filesystemOf(message: FilesystemUsageMessage | undefined): FilesystemUsage {
  return {
    timestamp: milliseconds(message?.timestamp ?? 0n),
    mountpoint: message?.fsId?.mountpoint ?? '',
    usedBytes: Number(message?.usedBytes?.value ?? 0n),
    inodesUsed: Number(message?.inodesUsed?.value ?? 0n),
  };
}

export function statsOf(message: ContainerStatsMessage): ContainerStats {
  const { attributes, cpu, memory, swap, writableLayer } = message;
  const workingSet = Number(memory?.workingSetBytes?.value ?? 0n);
  // None is told as 0.
  const available = Number(memory?.availableBytes?.value ?? 0n);
  return {
    containerId: attributes?.id ?? '',
    labels: attributes?.labels ?? {},
    timestamp: milliseconds(cpu?.timestamp ?? memory?.timestamp ?? 0n),
    cpuUsageCoreNanoSeconds: Number(cpu?.usageCoreNanoSeconds?.value ?? 0n),
    memoryWorkingSetBytes: workingSet,
    memoryUsageBytes: Number(memory?.usageBytes?.value ?? 0n),
    memoryRssBytes: Number(memory?.rssBytes?.value ?? 0n),
    memoryLimitBytes: available > 0 ? available + workingSet : undefined,
    swapUsageBytes: Number(swap?.swapUsageBytes?.value ?? 0n),
    swapLimitBytes: undefined,
    pageFaults: Number(memory?.pageFaults?.value ?? 0n),
    majorPageFaults: Number(memory?.majorPageFaults?.value ?? 0n),
    pressure: undefined,
    writableLayerUsedBytes: Number(writableLayer?.usedBytes?.value ?? 0n),
    writableLayerInodesUsed: Number(writableLayer?.inodesUsed?.value ?? 0n),
  };
}

export function runtimeStatusOf({ status: message, features }: StatusResponse): RuntimeStatus {
  const conditions = message?.conditions ?? [];
  const ready = (type: string) => conditions.some((each) => each.type === type && each.status);
  return {
    runtimeReady: ready('RuntimeReady'),
    networkReady: ready('NetworkReady'),
    message: conditions
      .filter((each) => !each.status)
      .map((each) => `${each.type}=false reason:${each.reason} message:${each.message}`)
      .join(', '),
    features: features && { supplementalGroupsPolicy: features.supplementalGroupsPolicy },
  };
}

function identity(metadata: PodSandboxMetadata | undefined): PodIdentity {
  const { name = '', namespace = '', uid = '', attempt = 0 } = metadata ?? {};
  return { name, namespace, uid, attempt };
}

/** CRI counts nanoseconds since 1970. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
