import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { CgroupUsage, Host, ResourceUsage } from '../host/host.ts';
import { podCgroup } from '../pods/pod-cgroup.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import type { ContainerRuntime, ContainerStats, ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';

export interface MeasuredContainer {
  readonly status: ContainerStatus;
  readonly usage: ResourceUsage;
  /** Undefined where there is none. */
  readonly cgroup: CgroupUsage | undefined;
}

/** A pod of which something runs. */
export interface MeasuredPod {
  readonly pod: Pod;
  readonly sandbox: SandboxStatus;
  /** Of all that belongs to it; the sum of its containers where it has no cgroup. */
  readonly usage: ResourceUsage;
  readonly cgroup: CgroupUsage | undefined;
  readonly containers: readonly MeasuredContainer[];
}

export interface MeasureContext {
  readonly host: Pick<Host, 'cgroupUsage'>;
  readonly runtime: Pick<ContainerRuntime, 'listContainerStats'>;
  readonly cache: Pick<RuntimeCache, 'state'>;
  readonly cgroupRoot: string;
}

/**
 * What pods and their running containers use of cpu and memory. Cgroups are asked, for that costs little; the runtime is asked, at most
 * once, about containers of which there is no cgroup. Pods of which nothing runs are left out. Throws when the runtime does not answer.
 */
export async function measurePods(context: MeasureContext, pods: Iterable<Pod>): Promise<readonly MeasuredPod[]> {
  let asked: Promise<ReadonlyMap<string, ContainerStats>> | undefined;
  const fromRuntime = async (id: string) => {
    asked ??= context.runtime
      .listContainerStats()
      .then((all) => new Map(all.map((stats) => [stats.containerId, stats] as const)));
    return (await asked).get(id);
  };
  const measured: MeasuredPod[] = [];
  // One after the other, so that others have their turn in between.
  for (const pod of pods) {
    const found = await measurePod(context, pod, fromRuntime);
    if (found !== undefined) measured.push(found);
  }
  return measured;
}

async function measurePod(
  { host, cache, cgroupRoot }: MeasureContext,
  pod: Pod,
  fromRuntime: (id: string) => Promise<ContainerStats | undefined>,
): Promise<MeasuredPod | undefined> {
  const { sandboxes, containers } = cache.state(pod.metadata.uid ?? '');
  const [sandbox] = sandboxes;
  const places = specifiedNames(pod);
  const place = ({ metadata }: ContainerStatus) => places.indexOf(metadata.name);
  const running = containers.filter(({ state }) => state === 'running').sort((a, b) => place(a) - place(b));
  if (sandbox === undefined || running.length === 0) return undefined;
  const cgroup = podCgroup(cgroupRoot, pod);
  const [whole, ...parts] = await Promise.all([
    host.cgroupUsage(cgroup),
    ...running.map(async (status): Promise<MeasuredContainer | undefined> => {
      const usage: CgroupUsage | undefined = await host.cgroupUsage(`${cgroup}/${status.id}`);
      if (usage !== undefined) return { status, usage, cgroup: usage };
      const stats = await fromRuntime(status.id);
      return stats && { status, usage: stats, cgroup: undefined };
    }),
  ]);
  const known = parts.filter((each) => each !== undefined);
  return known.length === 0
    ? undefined
    : { pod, sandbox, usage: whole ?? sumOf(known), cgroup: whole, containers: known };
}

/** In the order in which containers are told of. */
function specifiedNames({ spec }: Pod): readonly string[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
}

function sumOf(containers: readonly MeasuredContainer[]): ResourceUsage {
  const usages = containers.map(({ usage }) => usage);
  const total = (amountOf: (usage: ResourceUsage) => number) => usages.reduce((sum, usage) => sum + amountOf(usage), 0);
  const limit = (limitOf: (usage: ResourceUsage) => number | undefined) => {
    const limits = usages.map(limitOf);
    return limits.some((each) => each === undefined) ? undefined : limits.reduce((sum = 0, each = 0) => sum + each, 0);
  };
  return {
    timestamp: Math.max(...usages.map(({ timestamp }) => timestamp)),
    cpuUsageCoreNanoSeconds: total((each) => each.cpuUsageCoreNanoSeconds),
    memoryUsageBytes: total((each) => each.memoryUsageBytes),
    memoryWorkingSetBytes: total((each) => each.memoryWorkingSetBytes),
    memoryRssBytes: total((each) => each.memoryRssBytes),
    memoryLimitBytes: limit((each) => each.memoryLimitBytes),
    swapUsageBytes: total((each) => each.swapUsageBytes),
    swapLimitBytes: limit((each) => each.swapLimitBytes),
    pageFaults: total((each) => each.pageFaults),
    majorPageFaults: total((each) => each.majorPageFaults),
    // How long parts waited does not add up to how long the whole did.
    pressure: undefined,
  };
}
