import type { Node, Pod } from '../resources/schema/core-v1.generated.ts';
import { NodeInfo } from './node-info.ts';
import { type PodInfo, podInfo, podKey } from './pod-info.ts';

/**
 * Nodes and the pods on them, kept up to date event by event. A pod that was given a node counts there at once
 * (it is assumed), before the API server has confirmed it.
 */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** On which node each known pod is. */
  readonly #placed = new Map<string, string>();
  /** Pods whose node the API server has not confirmed: the uid by the key, for another pod may take the name. */
  readonly #assumed = new Map<string, string>();
  #list: readonly NodeInfo[] | undefined;

  /** Every node that exists, in the order in which it came. */
  nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()].filter((info) => info.node !== undefined);
    return this.#list;
  }

  /** A node that exists. */
  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node === undefined ? undefined : info;
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name ?? '');
    if (info.node === undefined) this.#list = undefined;
    info.setNode(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    info.setNode(undefined);
    this.#list = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  /** A pod that the API server says is on a node. */
  setPod(pod: Pod): void {
    const nodeName = pod.spec?.nodeName ?? '';
    const key = podKey(pod);
    const before = this.#placed.get(key);
    this.#assumed.delete(key);
    if (before !== undefined && before !== nodeName) this.#remove(key, before);
    this.#place(podInfo(pod), nodeName);
  }

  removePod(pod: Pod): void {
    const key = podKey(pod);
    const nodeName = this.#placed.get(key);
    this.#assumed.delete(key);
    if (nodeName !== undefined) this.#remove(key, nodeName);
  }

  /** Counts a pod on the node that was chosen for it. */
  assume(info: PodInfo, nodeName: string): void {
    this.#assumed.set(info.key, info.pod.metadata.uid ?? '');
    this.#place(info, nodeName);
  }

  /** Takes an assumption back; nothing happens when the API server has confirmed the pod meanwhile, or it is gone. */
  forget(info: PodInfo): void {
    if (this.#assumed.get(info.key) !== (info.pod.metadata.uid ?? '')) return;
    this.#assumed.delete(info.key);
    const nodeName = this.#placed.get(info.key);
    if (nodeName !== undefined) this.#remove(info.key, nodeName);
  }

  isPlaced(key: string): boolean {
    return this.#placed.has(key);
  }

  #place(info: PodInfo, nodeName: string): void {
    this.#placed.set(info.key, nodeName);
    this.#info(nodeName).addPod(info);
  }

  #remove(key: string, nodeName: string): void {
    this.#placed.delete(key);
    const info = this.#nodes.get(nodeName);
    info?.removePod(key);
    if (info?.node === undefined && info?.pods.size === 0) this.#nodes.delete(nodeName);
  }

  #info(name: string): NodeInfo {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const made = new NodeInfo(name);
    this.#nodes.set(name, made);
    return made;
  }
}
