import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Container, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { ImageManager } from '../images/image-manager.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { Readiness } from '../pod-status/pod-status.ts';
import type { StatusManager } from '../pod-status/status-manager.ts';
import type { PodResizes } from '../resize/pod-resizes.ts';
import type { ContainerRuntime, Mount } from '../runtime/runtime.ts';
import type { RuntimeHealth } from '../runtime-health.ts';
import type { BackOffTable } from './back-off-table.ts';
import type { ProbeVerdicts } from './decision.ts';
import type { ReferencedObjects, VolumeFile } from './environment-variables.ts';
import type { PodCgroups } from './pod-cgroups.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';
import type { RuntimeCache } from './runtime-cache.ts';

/** What the workers of a node's pods share. */
export interface WorkerContext {
  readonly config: NodeConfig;
  readonly client: Pick<Client, 'get'>;
  readonly nodeName: string;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly runtime: ContainerRuntime;
  readonly host: Host;
  readonly cache: RuntimeCache;
  readonly statuses: StatusManager;
  readonly images: ImageManager;
  readonly crashBackOff: BackOffTable;
  readonly probes: PodProbes;
  readonly volumes: PodVolumes;
  readonly cgroups: PodCgroups;
  readonly resizes: PodResizes;
  readonly metrics: AgentMetrics;
  readonly objects: ReferencedObjects;
  readonly machine: MachineFacts;
  readonly health: Pick<RuntimeHealth, 'networkProblem'>;
  services(): Iterable<Service>;
}

/** What is known of the node itself. */
export interface MachineFacts {
  readonly hostIps: readonly string[];
  readonly memoryCapacityBytes: number;
  readonly allocatable: Readonly<Record<string, string | number>>;
}

export interface PodProbes extends ProbeVerdicts, Readiness {
  /** Probes what runs now, and nothing else. While the pod ends only readiness is looked at. */
  track(pod: Pod, state: PodRuntimeState, ending: boolean): void;
  forget(uid: string): void;
}

/** What a container's mounts depend on beside its pod. */
export interface MountFacts {
  /** For `subPathExpr`. */
  readonly variables: ReadonlyMap<string, string>;
  readonly podIps: readonly string[];
  /** The ids of images that are volumes, by the names of the volumes. */
  readonly images: ReadonlyMap<string, string>;
}

export interface PodVolumes {
  /** Resolves when every volume of the pod is there; throws an `Error` whose message says what is missing. */
  mount(pod: Pod, signal: AbortSignal): Promise<void>;
  /** What a container sees of them. */
  mountsOf(pod: Pod, container: Container, facts: MountFacts): Promise<readonly Mount[]>;
  /** A file in a volume. Throws an `Error` in the kubelet's words. */
  readFile(pod: Pod, volume: string, path: string): Promise<VolumeFile>;
  /** What the pod's volumes are written from has changed: the next `mount` writes them anew. */
  invalidate(uid: string): void;
  /** Takes a pod's volumes away. */
  unmount(uid: string): Promise<void>;
  /** Takes everything away that was kept for a pod. */
  remove(uid: string): Promise<void>;
}
