import { formatTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HostInfo, HostStats } from '../host/host.ts';
import { labels, podUidOf } from '../pods/labels.ts';
import type { ContainerStats, FilesystemUsage } from '../runtime/runtime.ts';
import type { UsageRates } from './usage-rates.ts';

export interface SummaryInput {
  readonly nodeName: string;
  /** When the agent started, milliseconds since 1970. */
  readonly startedAt: number;
  readonly info: HostInfo;
  readonly host: HostStats;
  readonly images: FilesystemUsage;
  readonly containers: readonly ContainerStats[];
  readonly pods: readonly Pod[];
  readonly rates: UsageRates;
  /** When a running container was started, milliseconds since 1970. */
  startOf(containerId: string): number | undefined;
}

const nodeSample = 'node';

/** What `/stats/summary` answers: use of cpu, memory and disk by the node, its pods and their containers. */
export function statsSummary(input: SummaryInput): object {
  const { pods, containers, rates } = input;
  const byPod = Map.groupBy(containers, podUidOf);
  const summary = {
    node: nodeStats(input),
    pods: pods.flatMap((pod) => {
      const own = byPod.get(pod.metadata.uid ?? '');
      return own === undefined ? [] : [podStats(pod, own, input)];
    }),
  };
  rates.keep(containers, nodeSample);
  return summary;
}

function nodeStats({ nodeName, startedAt, info, host, images, rates }: SummaryInput): object {
  const time = formatTime(host.timestamp);
  const fs = {
    time,
    availableBytes: host.diskAvailableBytes,
    capacityBytes: info.diskBytes,
    usedBytes: Math.max(0, info.diskBytes - host.diskAvailableBytes),
    inodesFree: host.diskInodesFree,
  };
  return {
    nodeName,
    startTime: formatTime(startedAt),
    cpu: cpu(time, rates.rate(nodeSample, host.timestamp, host.cpuUsageCoreNanoSeconds), host.cpuUsageCoreNanoSeconds),
    memory: {
      time,
      availableBytes: host.memoryAvailableBytes,
      usageBytes: info.memoryBytes - host.memoryAvailableBytes,
      workingSetBytes: host.memoryWorkingSetBytes,
    },
    fs,
    runtime: {
      imageFs: {
        ...fs,
        time: formatTime(images.timestamp),
        usedBytes: images.usedBytes,
        inodesUsed: images.inodesUsed,
      },
    },
    rlimit: { time, maxpid: host.processesMax, curproc: host.processes },
  };
}

function podStats(pod: Pod, containers: readonly ContainerStats[], { rates, startOf }: SummaryInput): object {
  const { name, namespace, uid } = pod.metadata;
  const measured = containers.map((stats) => ({
    stats,
    nanoCores: rates.rate(stats.containerId, stats.timestamp, stats.cpuUsageCoreNanoSeconds),
    startTime: formatTime(startOf(stats.containerId) ?? stats.timestamp),
  }));
  const newest = formatTime(Math.max(...containers.map(({ timestamp }) => timestamp)));
  const rated = measured.flatMap(({ nanoCores }) => nanoCores ?? []);
  const total = (amountOf: (stats: ContainerStats) => number) =>
    containers.reduce((sum, each) => sum + amountOf(each), 0);
  const nanoCores = rated.length === 0 ? undefined : rated.reduce((sum, each) => sum + each, 0);
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime,
    containers: measured.map(({ stats, nanoCores: own, startTime }) => {
      const time = formatTime(stats.timestamp);
      return {
        name: stats.labels[labels.containerName],
        startTime,
        cpu: cpu(time, own, stats.cpuUsageCoreNanoSeconds),
        memory: {
          time,
          usageBytes: stats.memoryUsageBytes,
          workingSetBytes: stats.memoryWorkingSetBytes,
          rssBytes: stats.memoryRssBytes,
        },
        rootfs: { time, usedBytes: stats.writableLayerUsedBytes },
      };
    }),
    cpu: cpu(
      newest,
      nanoCores,
      total((each) => each.cpuUsageCoreNanoSeconds),
    ),
    memory: {
      time: newest,
      usageBytes: total((each) => each.memoryUsageBytes),
      workingSetBytes: total((each) => each.memoryWorkingSetBytes),
      rssBytes: total((each) => each.memoryRssBytes),
    },
    'ephemeral-storage': { time: newest, usedBytes: total((each) => each.writableLayerUsedBytes) },
  };
}

function cpu(time: string, usageNanoCores: number | undefined, usageCoreNanoSeconds: number): object {
  return { time, ...(usageNanoCores !== undefined && { usageNanoCores }), usageCoreNanoSeconds };
}
