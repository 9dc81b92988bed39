import type { Environment } from '../../machinery/environment/environment.ts';
import { podRequests } from '../../resources/core/scheduling/pod-requests.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { CgroupLimits, Host } from '../host/host.ts';
import type { PodsShare } from '../machine.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { sharesOf } from './linux-resources.ts';
import {
  allPodsCgroup,
  bestEffortCgroup,
  burstableCgroup,
  podCgroup,
  podCgroupLimits,
  possibleCgroups,
} from './pod-cgroup.ts';

export interface PodCgroupsOptions {
  readonly host: Pick<Host, 'ensureCgroup' | 'removeCgroup'>;
  readonly environment: Pick<Environment, 'monotonic'>;
  readonly metrics: Pick<AgentMetrics, 'cgroupTook'>;
  /** The cgroup below which everything of this cluster's pods is. */
  readonly root: string;
  /** What all pods together may use: more than pods are placed by, so that eviction comes before the kernel. */
  readonly share: Pick<PodsShare, 'milliCpu' | 'memoryBytes' | 'processes'>;
  /** The pods that run here. */
  pods(): Iterable<Pod>;
}

const leastShares = 2;

/**
 * The cgroups of pods, and those above them: all pods together get no more than the node has for them, and those that asked for
 * little give way to those that asked for much.
 */
export class PodCgroups {
  readonly #options: PodCgroupsOptions;
  #prepared: Promise<void> | undefined;
  #burstableShares = 0;

  constructor(options: PodCgroupsOptions) {
    this.#options = options;
  }

  /** Throws when the machine refuses. */
  async ensure(pod: Pod): Promise<void> {
    const { root } = this.#options;
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    await this.#prepared;
    if (pod.status?.qosClass === 'Burstable') await this.#weighBurstable();
    await this.#set('create', podCgroup(root, pod), podCgroupLimits(pod));
  }

  /** Limits that hold neither size of a pod back, while its containers go from one to the other. */
  async makeRoom(before: Pod, after: Pod): Promise<void> {
    const { root } = this.#options;
    const [old, next] = [podCgroupLimits(before), podCgroupLimits(after)];
    const wider = (one: number, other: number) => (one === 0 || other === 0 ? 0 : Math.max(one, other));
    await this.#set('update', podCgroup(root, after), {
      ...next,
      cpuShares: Math.max(old.cpuShares, next.cpuShares),
      cpuQuota: wider(old.cpuQuota, next.cpuQuota),
      memoryBytes: wider(old.memoryBytes, next.memoryBytes),
    });
  }

  /** The limits of a pod whose containers have their new size. */
  async resize(pod: Pod): Promise<void> {
    const { root } = this.#options;
    await this.#set('update', podCgroup(root, pod), podCgroupLimits(pod));
    if (pod.status?.qosClass === 'Burstable') await this.#weighBurstable();
  }

  async remove(pod: Pod): Promise<void> {
    await this.#remove(podCgroup(this.#options.root, pod));
    if (pod.status?.qosClass === 'Burstable') await this.#weighBurstable();
  }

  /** Of a pod of which only its uid is known. */
  async removeUnknown(uid: string): Promise<void> {
    for (const path of possibleCgroups(this.#options.root, uid)) await this.#remove(path);
  }

  async #prepare(): Promise<void> {
    const { root, share } = this.#options;
    const all = weighted(sharesOf(share.milliCpu), share.memoryBytes);
    await this.#set('create', allPodsCgroup(root), { ...all, pids: share.processes });
    await this.#set('create', bestEffortCgroup(root), weighted(leastShares));
    await this.#weighBurstable();
  }

  /** Together they weigh as much as they asked for. */
  async #weighBurstable(): Promise<void> {
    const { root, pods } = this.#options;
    let milliCpu = 0;
    for (const pod of pods()) if (pod.status?.qosClass === 'Burstable') milliCpu += podRequests(pod)['cpu'] ?? 0;
    const shares = sharesOf(milliCpu);
    if (shares === this.#burstableShares) return;
    this.#burstableShares = shares;
    await this.#set('update', burstableCgroup(root), weighted(shares));
  }

  #set(operation: 'create' | 'update', path: string, limits: CgroupLimits): Promise<void> {
    return this.#timed(operation, this.#options.host.ensureCgroup(path, limits));
  }

  #remove(path: string): Promise<void> {
    return this.#timed('destroy', this.#options.host.removeCgroup(path));
  }

  async #timed(operation: 'create' | 'update' | 'destroy', doing: Promise<void>): Promise<void> {
    const { environment, metrics } = this.#options;
    const startedAt = environment.monotonic();
    await doing.finally(() => metrics.cgroupTook(operation, environment.monotonic() - startedAt));
  }
}

function weighted(cpuShares: number, memoryBytes = 0): CgroupLimits {
  return { cpuShares, cpuQuota: 0, cpuPeriod: 100_000, memoryBytes, pids: 0 };
}
