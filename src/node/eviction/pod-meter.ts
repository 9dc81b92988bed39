import type { Environment } from '../../machinery/environment/environment.ts';
import type { Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { labels, podUidOf } from '../pods/labels.ts';
import { podCgroup } from '../pods/pod-cgroup.ts';
import { podDirectory } from '../pods/pod-directory.ts';
import { podLogDirectory } from '../pods/sandbox-config.ts';
import type { ContainerRuntime, ContainerStats } from '../runtime/runtime.ts';
import { localVolumePath } from '../volumes/set-up-volume.ts';
import { addDisk, type ContainerUsage, type DiskUsage, noDisk, type PodUsage, type VolumeUsage } from './pod-usage.ts';
import { nearestLimit } from './storage-limits.ts';

export interface PodMeterOptions {
  readonly host: Pick<Host, 'files' | 'cgroupUsage' | 'filesystem'>;
  readonly runtime: Pick<ContainerRuntime, 'listContainerStats'>;
  readonly environment: Environment;
  readonly metrics: Pick<AgentMetrics, 'volumeMeasured'>;
  readonly config: Pick<NodeConfig, 'rootDirectory' | 'podLogsDirectory' | 'cgroupRoot'>;
}

interface Walk {
  readonly at: number;
  readonly volumes: readonly VolumeUsage[];
  readonly nearLimit: boolean;
}

/** Whoever walks through volumes keeps a disk busy: that is done this often, as the kubelet does it, ... */
const walkEveryMs = 60_000;
/** ... and more often when a pod has used up most of what it may. */
const nearLimitEveryMs = 10_000;
const nearLimitShare = 0.5;

/** Measures what pods use. What costs little is looked at each time, volumes once in a while and one after the other. */
export class PodMeter {
  readonly #options: PodMeterOptions;
  readonly #walks = new Map<string, Walk>();

  constructor(options: PodMeterOptions) {
    this.#options = options;
  }

  /** By uid; pods of which nothing runs are left out. Throws when the runtime does not answer. */
  async measure(pods: readonly Pod[]): Promise<ReadonlyMap<string, PodUsage>> {
    const stats = Map.groupBy(await this.#options.runtime.listContainerStats(), podUidOf);
    const usages = new Map<string, PodUsage>();
    for (const pod of pods) {
      const uid = pod.metadata.uid ?? '';
      const own = stats.get(uid);
      if (own !== undefined) usages.set(uid, await this.#measure(pod, own));
    }
    // Others may have asked for other pods: what is too old for anybody goes.
    const now = this.#options.environment.monotonic();
    for (const [uid, { at }] of this.#walks) if (!usages.has(uid) && now - at >= walkEveryMs) this.#walks.delete(uid);
    return usages;
  }

  /** What the logs of a container take up, those that were rotated included. */
  async logs(pod: Pod, container: string): Promise<DiskUsage> {
    const { host, config } = this.#options;
    const directory = `${podLogDirectory(config.podLogsDirectory, pod)}/${container}`;
    const names = await host.files.list(directory).catch(() => []);
    return addDisk(...(await Promise.all(names.map((each) => this.#usage(`${directory}/${each}`)))));
  }

  async #measure(pod: Pod, stats: readonly ContainerStats[]): Promise<PodUsage> {
    const { host, config } = this.#options;
    const [cgroup, containers, volumes, files] = await Promise.all([
      host.cgroupUsage(podCgroup(config.cgroupRoot, pod)),
      Promise.all(stats.map((each) => this.#container(pod, each))),
      this.#volumes(pod),
      this.#usage(`${podDirectory(config.rootDirectory, pod.metadata.uid ?? '')}/etc-hosts`),
    ]);
    const memoryBytes = containers.reduce((sum, each) => sum + each.memoryBytes, 0);
    const usage: PodUsage = {
      memoryBytes: cgroup?.memoryWorkingSetBytes ?? memoryBytes,
      processes: cgroup?.processes ?? containers.length,
      containers,
      volumes: volumes.volumes,
      files,
    };
    const nearLimit = nearestLimit(pod, usage) >= nearLimitShare;
    this.#walks.set(pod.metadata.uid ?? '', { ...volumes, nearLimit });
    return usage;
  }

  async #container(pod: Pod, stats: ContainerStats): Promise<ContainerUsage> {
    const name = stats.labels[labels.containerName] ?? '';
    return {
      name,
      memoryBytes: stats.memoryWorkingSetBytes,
      rootfs: { bytes: stats.writableLayerUsedBytes, inodes: stats.writableLayerInodesUsed },
      logs: await this.logs(pod, name),
    };
  }

  async #volumes(pod: Pod): Promise<Pick<Walk, 'at' | 'volumes'>> {
    const now = this.#options.environment.monotonic();
    const last = this.#walks.get(pod.metadata.uid ?? '');
    if (last !== undefined && now - last.at < (last.nearLimit ? nearLimitEveryMs : walkEveryMs)) return last;
    const volumes: VolumeUsage[] = [];
    for (const volume of pod.spec?.volumes ?? []) {
      const usage = await this.#volume(pod, volume);
      if (usage !== undefined) volumes.push(usage);
    }
    return { at: now, volumes };
  }

  async #volume(pod: Pod, volume: Volume): Promise<VolumeUsage | undefined> {
    const { config, environment, metrics } = this.#options;
    const path = localVolumePath(config, pod, volume);
    if (path === undefined) return undefined;
    const startedAt = environment.monotonic();
    const usage = await this.#measureVolume(volume, path);
    metrics.volumeMeasured(isInMemory(volume) ? 'statfs' : 'du', environment.monotonic() - startedAt);
    return usage;
  }

  async #measureVolume(volume: Volume, path: string): Promise<VolumeUsage | undefined> {
    const { host, environment } = this.#options;
    const filesystem = await host.filesystem(path).catch(() => undefined);
    const common = { name: volume.name, filesystem, measuredAt: environment.now() };
    if (!isInMemory(volume)) {
      const local = volume.emptyDir !== undefined || volume.configMap !== undefined || volume.downwardAPI !== undefined;
      return { ...common, local, ...(await this.#usage(path)) };
    }
    if (filesystem === undefined) return undefined;
    const { usedBytes, inodes, inodesFree } = filesystem;
    return { ...common, local: false, bytes: usedBytes, inodes: inodes - inodesFree };
  }

  /** What may be gone already takes up nothing. */
  async #usage(path: string): Promise<DiskUsage> {
    return await this.#options.host.files.usage(path).catch(() => noDisk);
  }
}

function isInMemory({ emptyDir }: Volume): boolean {
  return emptyDir?.medium === 'Memory';
}
