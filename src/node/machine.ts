import { formatQuantity, milliValueOf, quantityOf, wholeValueOf } from '../machinery/quantity.ts';
import type { NodeConfig } from './config.ts';
import { keptFree } from './eviction/thresholds.ts';
import type { HostInfo } from './host/host.ts';
import type { MachineFacts } from './pods/worker-context.ts';

export type ResourceList = Readonly<Record<string, string>>;

/** The part of a machine that is for pods. */
export interface PodsShare {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** 0: as many as the machine has room for. */
  readonly processes: number;
}

/** What the node is made of. */
export class Machine implements MachineFacts {
  readonly info: HostInfo;
  readonly capacity: ResourceList;
  readonly podsShare: PodsShare;
  readonly allocatable: ResourceList;
  readonly memoryCapacityBytes: number;
  #hostIps: readonly string[];

  /** Throws when more is to be kept from pods than there is. */
  constructor(info: HostInfo, config: NodeConfig) {
    const problem = reservationProblem(info, config);
    if (problem !== undefined) throw new Error(problem);
    this.info = info;
    this.capacity = capacityOf(info, config);
    this.podsShare = podsShareOf(info, config);
    this.allocatable = allocatableOf(info, config, this.podsShare, this.capacity);
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

type Reservations = Pick<NodeConfig, 'systemReserved' | 'kubeReserved' | 'eviction'>;

/** Of which resource more is to be kept from pods than there is, in the kubelet's words; undefined: of none. */
export function reservationProblem(info: HostInfo, config: Reservations): string | undefined {
  const { eviction } = config;
  const memory = keptFree(eviction, 'memory.available', info.memoryBytes);
  const disk = keptFree(eviction, 'nodefs.available', info.diskBytes);
  const kept = [
    ['cpu', reservedOf(config, 'cpu', milliValueOf), info.cpus * 1000, -3],
    ['memory', reservedOf(config, 'memory', wholeValueOf) + memory, info.memoryBytes, 0],
    ['ephemeral-storage', reservedOf(config, 'ephemeral-storage', wholeValueOf) + disk, info.diskBytes, 0],
    ['pid', reservedOf(config, 'pid', wholeValueOf), info.processesMax, 0],
  ] as const;
  const [resource, reserved, capacity, scale] = kept.find(([, amount, whole]) => amount > whole) ?? [];
  if (resource === undefined) return undefined;
  const text = (amount: number) => {
    const format = resource === 'cpu' || resource === 'pid' ? 'DecimalSI' : 'BinarySI';
    return formatQuantity(quantityOf(amount, format, scale));
  };
  return `invalid Node Allocatable configuration. Resource "${resource}" has a reservation of ${text(reserved)} but capacity of ${text(capacity)}. Expected capacity >= reservation.`;
}

function reservedOf(
  { systemReserved, kubeReserved }: Reservations,
  resource: string,
  read: (quantity: string) => number,
): number {
  return read(systemReserved[resource] ?? '0') + read(kubeReserved[resource] ?? '0');
}

/** What all pods together may use at the most: capacity without what is reserved. */
function podsShareOf(info: HostInfo, config: NodeConfig): PodsShare {
  const left = (whole: number, resource: string, read: (quantity: string) => number) =>
    Math.max(0, whole - reservedOf(config, resource, read));
  return {
    milliCpu: left(info.cpus * 1000, 'cpu', milliValueOf),
    memoryBytes: left(info.memoryBytes, 'memory', wholeValueOf),
    diskBytes: left(info.diskBytes, 'ephemeral-storage', wholeValueOf),
    processes: reservedOf(config, 'pid', wholeValueOf) > 0 ? left(info.processesMax, 'pid', wholeValueOf) : 0,
  };
}

/** What pods are placed by: of that also what eviction keeps free is taken away. */
function allocatableOf(
  info: HostInfo,
  { eviction }: NodeConfig,
  share: PodsShare,
  capacity: ResourceList,
): ResourceList {
  const memory = share.memoryBytes - keptFree(eviction, 'memory.available', info.memoryBytes);
  const disk = share.diskBytes - keptFree(eviction, 'nodefs.available', info.diskBytes);
  return {
    ...capacity,
    cpu: formatQuantity(quantityOf(share.milliCpu, 'DecimalSI', -3)),
    'ephemeral-storage': String(Math.max(0, disk)),
    memory: kibibytes(Math.max(0, memory)),
  };
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
