import type { Environment } from '../../machinery/environment/environment.ts';
import { formatTime } from '../../machinery/time.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { PodMeter } from '../eviction/pod-meter.ts';
import { type DiskUsage, ephemeralStorage, noDisk, type PodUsage } from '../eviction/pod-usage.ts';
import type { CgroupUsage, Filesystem, Host, HostInfo, HostStats, ResourceUsage } from '../host/host.ts';
import { allPodsCgroup, podCgroup } from '../pods/pod-cgroup.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import type { CadvisorInput } from './cadvisor-metrics.ts';
import { type MeasuredContainer, type MeasuredPod, measurePods } from './measure-pods.ts';
import type { CgroupLabels, MeasuredCgroup } from './measured-cgroup.ts';
import type { MetricFamily, MetricSample } from './metric-text.ts';
import { computeSummary, filesystemSummary, ioSummary, networkSummary, wholeUsage } from './summarise.ts';
import type {
  ContainerSummary,
  FilesystemSummary,
  NodeSummary,
  PodSummary,
  Summary,
  VolumeSummary,
} from './summary.ts';
import { UsageRates } from './usage-rates.ts';

export interface StatsProviderOptions {
  readonly nodeName: string;
  readonly environment: Pick<Environment, 'now'>;
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, 'listContainerStats' | 'imageFilesystem'>;
  readonly cache: Pick<RuntimeCache, 'state'>;
  readonly meter: PodMeter;
  readonly config: Pick<NodeConfig, 'rootDirectory' | 'cgroupRoot'>;
  pods(): Iterable<Pod>;
}

/** The disks that pods use. */
interface Disks {
  /** Of the node: logs and volumes are there. */
  readonly node: Filesystem;
  /** Of images and of what containers write; undefined: nothing is known of it. */
  readonly images: Filesystem | undefined;
  readonly imagesUsed: DiskUsage & { readonly timestamp: number };
}

/** What a node and its pods use of cpu and memory. */
export interface NodeUsage {
  readonly stats: HostStats;
  readonly pods: readonly MeasuredPod[];
}

/** What the node, its pods and their containers use, as the kubelet's stats API tells it. */
export class StatsProvider {
  readonly #options: StatsProviderOptions;
  readonly #rates = new UsageRates();
  #summary: Promise<Summary> | undefined;
  #usage: Promise<NodeUsage> | undefined;
  #cgroups: Promise<CadvisorInput> | undefined;

  constructor(options: StatsProviderOptions) {
    this.#options = options;
  }

  /** All of it. Who asks while it is being measured gets the same answer. Throws an `Error` in the kubelet's words. */
  summary(): Promise<Summary> {
    this.#summary ??= this.#measure().finally(() => {
      this.#summary = undefined;
    });
    return this.#summary;
  }

  /** Cpu, memory and swap alone, which costs little. Throws as `summary` does. */
  async cpuAndMemory(): Promise<Summary> {
    const [info, { stats, pods }, system] = await Promise.all([
      this.#options.host.info(),
      this.usage(),
      this.#systemContainers(),
    ]);
    return {
      node: { ...this.#node(info, stats), systemContainers: system },
      pods: pods.map((each) => this.#podCompute(each)),
    };
  }

  /** What there is to tell of cpu, memory and swap, as it was measured. Throws as `summary` does. */
  usage(): Promise<NodeUsage> {
    this.#usage ??= this.#measureUsage().finally(() => {
      this.#usage = undefined;
    });
    return this.#usage;
  }

  /**
   * What cgroups tell: of the machine, all pods, each pod, what its network is counted by, and each container. Who asks while it is being
   * measured gets the same answer.
   */
  cgroups(): Promise<CadvisorInput> {
    this.#cgroups ??= this.#measureCgroups().finally(() => {
      this.#cgroups = undefined;
    });
    return this.#cgroups;
  }

  /** How much the logs of each running container take up. */
  async logUsage(): Promise<MetricFamily> {
    const { cache, meter } = this.#options;
    const samples: MetricSample[] = [];
    for (const pod of this.#options.pods()) {
      const { uid = '', namespace = '', name = '' } = pod.metadata;
      for (const { state, metadata } of cache.state(uid).containers) {
        if (state !== 'running') continue;
        const labels = { container: metadata.name, namespace, pod: name, uid };
        samples.push({ labels, value: (await meter.logs(pod, metadata.name)).bytes });
      }
    }
    const help = '[ALPHA] What the logs of a container take up on the disk.';
    return { name: 'kubelet_container_log_filesystem_used_bytes', type: 'gauge', help, samples };
  }

  async #measureCgroups(): Promise<CadvisorInput> {
    const { host, config } = this.#options;
    const all = allPodsCgroup(config.cgroupRoot);
    const [info, { stats, pods }, interfaces, kubepods, disks] = await Promise.all([
      host.info(),
      this.usage(),
      host.networkUsage(),
      host.cgroupUsage(all),
      host.disks(),
    ]);
    const machine: MeasuredCgroup = {
      labels: { ...noLabels, id: '/' },
      usage: { ...stats, memoryLimitBytes: info.memoryBytes },
      createdAt: info.bootedAt,
      startedAt: info.bootedAt,
      interfaces,
    };
    const others = [
      ...(kubepods === undefined ? [] : [{ labels: { ...noLabels, id: all }, cgroup: kubepods, ...madeOf(kubepods) }]),
      ...(await Promise.all(pods.map((each) => this.#cgroupsOf(each)))).flat(),
    ];
    // The machine's own processes come last: pods are what is asked about.
    const details = await host.cgroupDetails([...others, machine].map(({ labels }) => labels.id));
    return {
      info,
      swapBytes: stats.swapLimitBytes ?? 0,
      cgroups: [machine, ...others].map((each) => ({ ...each, details: details.get(each.labels.id) })),
      disks,
    };
  }

  async #cgroupsOf({ pod, sandbox, usage, cgroup, containers }: MeasuredPod): Promise<readonly MeasuredCgroup[]> {
    const { host, config } = this.#options;
    const id = podCgroup(config.cgroupRoot, pod);
    const { namespace = '', name = '' } = pod.metadata;
    const labels = { ...noLabels, id, namespace, pod: name };
    const inSandbox = `${id}/${sandbox.id}`;
    const [own, interfaces] = await Promise.all([host.cgroupUsage(inSandbox), host.networkUsage(inSandbox)]);
    return [
      { labels, usage, cgroup, createdAt: sandbox.createdAt, startedAt: sandbox.createdAt },
      ...(own === undefined
        ? []
        : [
            {
              labels: { ...labels, id: inSandbox, name: sandbox.id },
              usage: own,
              createdAt: sandbox.createdAt,
              startedAt: sandbox.createdAt,
              cgroup: own,
              processes: own.processes,
              interfaces,
            },
          ]),
      ...containers.map(({ status, usage: used, cgroup: counted }) => ({
        labels: {
          ...labels,
          container: status.metadata.name,
          id: `${id}/${status.id}`,
          image: status.image,
          name: status.id,
        },
        usage: used,
        createdAt: status.createdAt,
        startedAt: status.startedAt ?? status.createdAt,
        cgroup: counted,
        processes: counted?.processes,
      })),
    ];
  }

  async #measureUsage(): Promise<NodeUsage> {
    const [stats, pods] = await Promise.all([this.#options.host.stats(), this.#pods()]);
    // Whoever asks next wants to know how much was used since.
    for (const { pod, usage, containers } of pods) {
      this.#rates.rate(pod.metadata.uid ?? '', usage);
      for (const { status, usage: own } of containers) this.#rates.rate(status.id, own);
    }
    this.#rates.forget(stats.timestamp);
    return { stats, pods };
  }

  async #measure(): Promise<Summary> {
    const { host, meter } = this.#options;
    const [info, { stats, pods }, interfaces, disks, system] = await Promise.all([
      host.info(),
      this.usage(),
      host.networkUsage(),
      this.#disks(),
      this.#systemContainers(),
    ]);
    const usages = await meter.measure(pods.map(({ pod }) => pod));
    const { timestamp } = stats;
    const images = filesystemSummary(disks.imagesUsed.timestamp, disks.images, disks.imagesUsed);
    const io = ioSummary({ ...stats, memoryLimitBytes: info.memoryBytes });
    return {
      node: {
        ...this.#node(info, stats),
        systemContainers: system,
        ...(io !== undefined && { io }),
        ...(interfaces !== undefined && { network: networkSummary(timestamp, interfaces) }),
        fs: filesystemSummary(timestamp, disks.node, wholeUsage(disks.node)),
        runtime: { imageFs: images, containerFs: images },
        rlimit: { time: formatTime(timestamp), maxpid: info.processesMax, curproc: stats.processes },
      },
      pods: await Promise.all(pods.map((each) => this.#pod(each, usages.get(each.pod.metadata.uid ?? ''), disks))),
    };
  }

  async #pods(): Promise<readonly MeasuredPod[]> {
    const { host, runtime, cache, config, pods } = this.#options;
    try {
      return await measurePods({ host, runtime, cache, cgroupRoot: config.cgroupRoot }, pods());
    } catch (cause) {
      throw new Error(`failed to list pod stats: failed to list all container stats: ${runtimeText(cause)}`, { cause });
    }
  }

  async #disks(): Promise<Disks> {
    const { host, runtime, config } = this.#options;
    const [node, used] = await Promise.all([
      host.filesystem(config.rootDirectory),
      runtime.imageFilesystem().catch((cause: unknown) => {
        throw new Error(`failed to get imageFs stats: ${runtimeText(cause)}`, { cause });
      }),
    ]);
    const images = await host.filesystem(used.mountpoint).catch(() => undefined);
    const { timestamp, usedBytes, inodesUsed } = used;
    return { node, images, imagesUsed: { timestamp, bytes: usedBytes, inodes: inodesUsed } };
  }

  #node(info: HostInfo, stats: HostStats): NodeSummary {
    const { cpu, memory, swap } = this.#computeOf('', { ...stats, memoryLimitBytes: info.memoryBytes });
    return { nodeName: this.#options.nodeName, startTime: formatTime(info.bootedAt), cpu, memory, swap };
  }

  /** What all pods use together; other parts of the system are not told apart by cgroups of their own. */
  async #systemContainers(): Promise<readonly ContainerSummary[]> {
    const { host, config } = this.#options;
    const cgroup = allPodsCgroup(config.cgroupRoot);
    const usage = await host.cgroupUsage(cgroup);
    if (usage === undefined) return [];
    const io = ioSummary(usage);
    const startTime = formatTime(usage.createdAt);
    return [{ name: 'pods', startTime, ...this.#computeOf(cgroup, usage), ...(io !== undefined && { io }) }];
  }

  #podCompute({ pod, sandbox, usage, containers }: MeasuredPod): PodSummary {
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    return {
      podRef: { name, namespace, uid },
      startTime: formatTime(sandbox.createdAt),
      containers: containers.map((each) => this.#containerCompute(each)),
      ...this.#computeOf(uid, usage),
    };
  }

  #containerCompute({ status, usage }: MeasuredContainer): ContainerSummary {
    const startTime = formatTime(status.createdAt);
    return { name: status.metadata.name, startTime, ...this.#computeOf(status.id, usage) };
  }

  #computeOf(id: string, usage: ResourceUsage) {
    return computeSummary(usage, this.#rates.rate(id, usage));
  }

  async #pod(measured: MeasuredPod, disk: PodUsage | undefined, disks: Disks): Promise<PodSummary> {
    const { host, environment, config } = this.#options;
    const { pod, sandbox, usage, containers } = measured;
    const { containers: own, ...compute } = this.#podCompute(measured);
    const interfaces = await host.networkUsage(`${podCgroup(config.cgroupRoot, pod)}/${sandbox.id}`);
    const now = environment.now();
    const io = ioSummary(usage);
    const counted = containers.flatMap(({ cgroup }) => cgroup?.processes ?? []);
    return {
      ...compute,
      containers: own.map((each, index) => this.#container(each, containers[index], disk, disks)),
      ...(io !== undefined && { io }),
      ...(interfaces !== undefined && { network: networkSummary(now, interfaces) }),
      ...(disk !== undefined && {
        ...(disk.volumes.length > 0 && { volume: disk.volumes.map((each) => volumeSummary(pod, each)) }),
        'ephemeral-storage': filesystemSummary(now, disks.node, ephemeralStorage(disk)),
      }),
      ...(counted.length > 0 && { process_stats: { process_count: counted.reduce((sum, each) => sum + each, 0) } }),
    };
  }

  #container(
    summary: ContainerSummary,
    measured: MeasuredContainer | undefined,
    disk: PodUsage | undefined,
    disks: Disks,
  ): ContainerSummary {
    const io = measured && ioSummary(measured.usage);
    const { rootfs = noDisk, logs = noDisk } = disk?.containers.find(({ name }) => name === summary.name) ?? {};
    const now = this.#options.environment.now();
    return {
      ...summary,
      ...(io !== undefined && { io }),
      rootfs: filesystemSummary(now, disks.images, rootfs),
      logs: filesystemSummary(now, disks.node, logs),
    };
  }
}

/** Of a cgroup that nobody but the kernel knows the age of. */
function madeOf(usage: CgroupUsage) {
  return { usage, createdAt: usage.createdAt, startedAt: usage.createdAt };
}

const noLabels: CgroupLabels = { container: '', id: '', image: '', name: '', namespace: '', pod: '' };

function volumeSummary(pod: Pod, volume: PodUsage['volumes'][number]): VolumeSummary {
  const declared = pod.spec?.volumes?.find(({ name }) => name === volume.name);
  const claim = declared && claimNameOf(pod, declared);
  const common: FilesystemSummary = filesystemSummary(volume.measuredAt, volume.filesystem, volume);
  const { namespace = '' } = pod.metadata;
  return { ...common, name: volume.name, ...(claim !== undefined && { pvcRef: { name: claim, namespace } }) };
}
