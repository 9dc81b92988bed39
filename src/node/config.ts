import type { Taint } from '../resources/schema/core-v1.generated.ts';
import { defaultEviction, type EvictionConfig } from './eviction/eviction-config.ts';

/** How a node agent behaves. Durations are milliseconds; defaults are the kubelet's. */
export interface NodeConfig {
  /** Volumes and what else belongs to pods is below `pods/UID/` here. */
  readonly rootDirectory: string;
  /** Container logs: `NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log`. */
  readonly podLogsDirectory: string;
  /** Pods' cgroups are made below this one, which carries the cluster's id. */
  readonly cgroupRoot: string;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The machine's own resolver configuration, for pods that ask for it. */
  readonly resolvConf: string;
  /** Beside those every node has. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly nodeAnnotations: Readonly<Record<string, string>>;
  /** Tells this machine from another one of its name; empty: nothing does. */
  readonly nodeId: string;
  readonly nodeTaints: readonly Taint[];
  /** The port of the agent's own API, as the node's status says it. */
  readonly port: number;
  readonly maxPods: number;
  /** Kept back from pods for the system, and for the agent and what it needs; quantities. */
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly eviction: EvictionConfig;
  readonly nodeStatusUpdateMs: number;
  /** The status is written this often even when nothing changed. */
  readonly nodeStatusReportMs: number;
  readonly leaseDurationSeconds: number;
  /** How often the runtime is asked how it is. */
  readonly runtimeStatusMs: number;
  readonly relistMs: number;
  /** A sync that failed is tried again after this. */
  readonly syncRetryMs: number;
  /** How many pod statuses are written at a time. */
  readonly statusConcurrency: number;
  readonly crashBackOffMs: { readonly initial: number; readonly maximum: number };
  readonly imageBackOffMs: { readonly initial: number; readonly maximum: number };
  /** How many images are pulled at a time. */
  readonly maxParallelImagePulls: number;
  /** A container's log is rotated when it is longer than this, and so many of them are kept. */
  readonly containerLogMaxBytes: number;
  readonly containerLogMaxFiles: number;
  /** How often logs are looked at; 0: never. */
  readonly logRotationMs: number;
  /** How often what is left of pods and containers is cleaned away. */
  readonly housekeepingMs: number;
  readonly imageCollection: {
    /** 0: images are never removed. */
    readonly everyMs: number;
    readonly highPercent: number;
    readonly lowPercent: number;
    readonly minAgeMs: number;
  };
  readonly version: string;
}

export const defaultConfig: NodeConfig = {
  rootDirectory: '/var/lib/stuurman/node',
  podLogsDirectory: '/var/log/pods',
  cgroupRoot: '/stuurman',
  clusterDns: [],
  clusterDomain: 'cluster.local',
  resolvConf: '/etc/resolv.conf',
  nodeLabels: {},
  nodeAnnotations: {},
  nodeId: '',
  nodeTaints: [],
  port: 10250,
  maxPods: 110,
  systemReserved: {},
  kubeReserved: {},
  eviction: defaultEviction,
  nodeStatusUpdateMs: 10_000,
  nodeStatusReportMs: 300_000,
  leaseDurationSeconds: 40,
  runtimeStatusMs: 5_000,
  relistMs: 30_000,
  syncRetryMs: 10_000,
  statusConcurrency: 8,
  crashBackOffMs: { initial: 10_000, maximum: 300_000 },
  imageBackOffMs: { initial: 10_000, maximum: 300_000 },
  // A kubelet pulls one at a time; then a registry that hangs holds up every pod of the node.
  maxParallelImagePulls: 4,
  containerLogMaxBytes: 10 * 2 ** 20,
  containerLogMaxFiles: 5,
  logRotationMs: 10_000,
  housekeepingMs: 60_000,
  imageCollection: { everyMs: 300_000, highPercent: 85, lowPercent: 80, minAgeMs: 120_000 },
  version: 'v1.37.1',
};
