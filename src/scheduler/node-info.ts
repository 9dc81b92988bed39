import { type ResourceAmounts, resourceAmounts } from '../resources/core/scheduling/pod-requests.ts';
import type { Node } from '../resources/schema/core-v1.generated.ts';
import type { HostPort, PodInfo } from './pod-info.ts';

/** A node and what is already promised on it, kept up to date pod by pod. */
export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, PodInfo>();
  /** Pods on this node with any pod affinity or anti-affinity term. */
  readonly podsWithAffinity = new Map<string, PodInfo>();
  readonly requested: Record<string, number> = {};
  /** The sum of what the pods count as when nodes are scored. */
  readonly nonZeroRequested = { cpu: 0, memory: 0 };
  #node: Node | undefined;
  #allocatable: ResourceAmounts = {};

  constructor(name: string) {
    this.name = name;
  }

  /** Undefined while pods are known to be on a node that is not. */
  get node(): Node | undefined {
    return this.#node;
  }

  get allocatable(): ResourceAmounts {
    return this.#allocatable;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.#allocatable = resourceAmounts(node?.status?.allocatable);
  }

  addPod(info: PodInfo): void {
    this.removePod(info.key);
    this.pods.set(info.key, info);
    if (hasAffinity(info)) this.podsWithAffinity.set(info.key, info);
    this.#count(info, 1);
  }

  removePod(key: string): void {
    const info = this.pods.get(key);
    if (info === undefined) return;
    this.pods.delete(key);
    this.podsWithAffinity.delete(key);
    this.#count(info, -1);
  }

  /** Whether another pod here holds this port on an address that overlaps. */
  holdsPort(wanted: HostPort): boolean {
    for (const { hostPorts } of this.pods.values()) {
      if (hostPorts.some((held) => portsConflict(held, wanted))) return true;
    }
    return false;
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    for (const name in info.requests) {
      this.requested[name] = (this.requested[name] ?? 0) + sign * (info.requests[name] ?? 0);
    }
    const { cpu = 0, memory = 0 } = info.nonZeroRequests;
    this.nonZeroRequested.cpu += sign * cpu;
    this.nonZeroRequested.memory += sign * memory;
  }
}

function hasAffinity(info: PodInfo): boolean {
  return (
    info.requiredAffinity.length > 0 ||
    info.requiredAntiAffinity.length > 0 ||
    info.preferredAffinity.length > 0 ||
    info.preferredAntiAffinity.length > 0
  );
}

function portsConflict(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
}
