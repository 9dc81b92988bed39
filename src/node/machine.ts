import { formatQuantity, milliValueOf, quantityOf, wholeValueOf } from '../machinery/quantity.ts';
import type { NodeConfig } from './config.ts';
import type { HostInfo } from './host/host.ts';
import type { MachineFacts } from './pods/worker-context.ts';

export type ResourceList = Readonly<Record<string, string>>;

/** What the node is made of, and how the runtime on it fares. */
export class Machine implements MachineFacts {
  readonly info: HostInfo;
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
  readonly memoryCapacityBytes: number;
  #hostIps: readonly string[];
  /** Why the runtime cannot be used; undefined: it can. */
  runtimeProblem: string | undefined = 'the runtime has not been asked yet';
  networkProblem: string | undefined = undefined;
  runtimeVersion = 'containerd://unknown';

  constructor(info: HostInfo, config: NodeConfig) {
    this.info = info;
    this.capacity = capacityOf(info, config);
    this.allocatable = allocatableOf(info, config, this.capacity);
    this.memoryCapacityBytes = info.memoryBytes;
    this.#hostIps = info.addresses.slice(0, 1);
  }

  /** The node's own address; none where it has no network. */
  get hostIps(): readonly string[] {
    return this.#hostIps;
  }

  /** The machine is reached by other addresses from now on. One that has none for a moment keeps the last. */
  moveTo(addresses: readonly string[]): void {
    if (addresses.length > 0) this.#hostIps = addresses.slice(0, 1);
  }
}

function capacityOf(info: HostInfo, config: NodeConfig): ResourceList {
  return {
    cpu: String(info.cpus),
    'ephemeral-storage': String(info.diskBytes),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: kibibytes(info.memoryBytes),
    pods: String(config.maxPods),
  };
}

/** What is left for pods: capacity without what is reserved and what eviction keeps free. */
function allocatableOf(info: HostInfo, config: NodeConfig, capacity: ResourceList): ResourceList {
  const { reserved, evictionMemoryBytes, evictionDiskShare } = config;
  const milliCpu = info.cpus * 1000 - milliValueOf(reserved['cpu'] ?? 0);
  const memory = info.memoryBytes - wholeValueOf(reserved['memory'] ?? 0) - evictionMemoryBytes;
  const disk = info.diskBytes * (1 - evictionDiskShare) - wholeValueOf(reserved['ephemeral-storage'] ?? 0);
  return {
    ...capacity,
    cpu: formatQuantity(quantityOf(Math.max(0, milliCpu), 'DecimalSI', -3)),
    'ephemeral-storage': String(Math.max(0, Math.floor(disk))),
    memory: kibibytes(Math.max(0, memory)),
  };
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
