import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { findCondition, isConditionTrue } from '../../machinery/conditions.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Lease } from '../../resources/schema/coordination-v1.generated.ts';
import type { Node, Pod, Taint } from '../../resources/schema/core-v1.generated.ts';
import { leases, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { isPodReady } from '../runtime/pods.ts';
import { byNode, nodeInformer, podInformer } from '../runtime/projections.ts';
import {
  conditionTaints,
  evictionTaints,
  isEvictingTaint,
  missingLegacyLabels,
  silentConditions,
} from './node-health.ts';
import { type NodeLifecycleMetrics, nodeLifecycleMetrics } from './node-lifecycle-metrics.ts';
import { type GracePeriods, NodeSigns } from './node-signs.ts';
import { type EvictionRates, ZoneEvictions } from './zone-evictions.ts';
import { type ZoneCount, zoneOf } from './zones.ts';

export interface NodeLifecycleOptions extends GracePeriods, EvictionRates {}

const leaseNamespace = 'kube-node-lease';
/** The one key under which all nodes are looked at; what zones do follows from all of them. */
const everyNode = '';
const sweepEveryMs = 5_000;
/** Nodes that are written to at once, when many fall silent together. */
const sweepWidth = 8;
/** A node that counts as well or ill for its zone's disruption has not this label. */
const excluded = 'node.kubernetes.io/exclude-disruption';
const mostAttempts = 5;

/**
 * Watches over nodes: one that falls silent becomes Unknown and its pods no longer ready, taints keep new pods away from nodes in
 * trouble, and make the pods on them leave, at the pace that the state of their zone allows.
 */
export function nodeLifecycleController(context: ControllerContext, options: NodeLifecycleOptions = {}): Controller {
  const loop = new NodeLifecycleLoop(context, options);
  return {
    name: 'node-lifecycle',
    concurrency: sweepWidth,
    initialKeys: [everyNode],
    watches: [
      watching(loop.nodes, ({ type, object, old }) => {
        const { name = '' } = object.metadata;
        if (type === 'deleted') return [everyNode];
        return old?.metadata.uid === object.metadata.uid ? [name] : [name, everyNode];
      }),
      // Waited for, since they are read at each sweep; a renewal alone is no reason to look.
      watching(loop.leases, () => []),
      watching(loop.pods, () => []),
    ],
    reconcile: (key, signal) => (key === everyNode ? loop.sweep(signal) : loop.reconcile(key, signal)),
  };
}

class NodeLifecycleLoop {
  readonly nodes: Informer<Node>;
  readonly leases: Informer<Lease>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #metrics: NodeLifecycleMetrics;
  readonly #signs: NodeSigns;
  readonly #evictions: ZoneEvictions;
  #nextSweepMs = 0;

  constructor(context: ControllerContext, options: NodeLifecycleOptions) {
    const { informers, environment, metrics } = context;
    this.#context = context;
    this.#metrics = nodeLifecycleMetrics(metrics);
    this.#signs = new NodeSigns(environment, options);
    this.#evictions = new ZoneEvictions(environment, options);
    this.nodes = informers.informer(nodes, nodeInformer);
    this.leases = informers.informer(leases, { namespace: leaseNamespace });
    this.pods = informers.informer(pods, podInformer);
  }

  /** What follows from one node alone: taints that keep pods away, and labels of old names. */
  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const node = this.nodes.get(name);
    if (node === undefined) return undefined;
    const { client, environment } = this.#context;
    const taints = conditionTaints(node, formatTime(environment.now()));
    const labels = missingLegacyLabels(node);
    if (taints === undefined && labels === undefined) return undefined;
    const { resourceVersion } = node.metadata;
    const metadata = { resourceVersion, ...(labels !== undefined && { labels }) };
    const body = { metadata, ...(taints !== undefined && { spec: { taints } }) };
    await client.patch(nodes, { name }, { type: 'merge', body }, { signal });
    return undefined;
  }

  /** Looks at all nodes when it is time, and lets those be evicted whose turn has come. */
  async sweep(signal: AbortSignal): Promise<ReconcileResult> {
    const { environment } = this.#context;
    const startedMs = environment.monotonic();
    this.#registerAndFarewell();
    if (startedMs >= this.#nextSweepMs) {
      this.#nextSweepMs = startedMs + sweepEveryMs;
      await this.#lookAtAll(signal);
      this.#metrics.sweepDuration.observe((environment.monotonic() - startedMs) / 1000);
    }
    for (let next = this.#evictions.take(); next !== undefined; next = this.#evictions.take())
      await this.#makeLeave(next.name, next.zone, signal);
    const untilSweepMs = Math.max(1, this.#nextSweepMs - environment.monotonic());
    return { requeueAfterMs: Math.min(untilSweepMs, this.#evictions.waitMs ?? untilSweepMs) };
  }

  #registerAndFarewell(): void {
    const names = new Set<string>();
    for (const node of this.nodes.list()) {
      const { name = '', uid } = node.metadata;
      names.add(name);
      if (!this.#signs.listen(node, this.leases.get(name, leaseNamespace))) continue;
      this.#metrics.evictions(zoneOf(node)).add(0);
      this.#tell(name, uid, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
    }
    for (const { name, uid } of this.#signs.keepOnly(names)) {
      this.#evictions.remove(name);
      this.#tell(name, uid, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    }
  }

  async #lookAtAll(signal: AbortSignal): Promise<void> {
    const all = [...this.nodes.list()];
    const counts = new Map<string, ZoneCount>();
    const remaining = all.values();
    const work = async () => {
      for (const node of remaining) {
        const status = await this.#lookAt(node, signal);
        if (node.metadata.labels?.[excluded] !== undefined) continue;
        const zone = zoneOf(node);
        const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
        counts.set(zone, count);
        if (status === 'True') count.ready += 1;
        else count.notReady += 1;
      }
    };
    await Promise.all(Array.from({ length: Math.min(sweepWidth, all.length) }, work));
    for (const zone of this.#evictions.gone(counts)) this.#metrics.zone(zone, undefined);
    for (const [zone, count] of counts) this.#metrics.zone(zone, count);
    const change = this.#evictions.update(counts);
    if (change === 'leave') this.#signs.forgive();
    if (change !== 'enter') return;
    this.#context.logger.warn('no node is ready: nothing is evicted until one is');
    // As they are by now: some were tainted just before.
    for (const node of [...this.nodes.list()]) await this.#letStay(node, signal);
  }

  /** Answers the node's Ready status as it then is. Trouble with one node is told and leaves the others alone. */
  async #lookAt(node: Node, signal: AbortSignal): Promise<string | undefined> {
    const { environment, logger } = this.#context;
    const startedMs = environment.monotonic();
    const { name = '' } = node.metadata;
    try {
      const current = await this.#declareSilent(node, signal);
      await this.#keepEvictionTaints(current, signal);
      return findCondition(current.status?.conditions, 'Ready')?.status;
    } catch (error) {
      signal.throwIfAborted();
      if (!isReason(error, 'NotFound')) logger.warn('looking at a node failed, will retry', { node: name, err: error });
      return findCondition(node.status?.conditions, 'Ready')?.status;
    } finally {
      this.#metrics.nodeDuration.observe((environment.monotonic() - startedMs) / 1000);
    }
  }

  /** Makes a node Unknown whose agent has been silent for too long, and its pods not ready. */
  async #declareSilent(node: Node, signal: AbortSignal): Promise<Node> {
    if (!this.#signs.isSilent(node)) return node;
    const { environment, client } = this.#context;
    const { name = '', uid } = node.metadata;
    const now = formatTime(environment.now());
    const conditions = silentConditions(node, now);
    let current = node;
    if (conditions !== undefined) {
      if (await this.#isLeaseNewer(name, signal)) return node;
      const body = { metadata: { uid }, status: { conditions } };
      const options = { subresource: 'status', signal };
      current = await client.patch(nodes, { name }, { type: 'strategic', body }, options);
      if (isConditionTrue(node.status?.conditions, 'Ready'))
        this.#tell(name, uid, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    }
    await this.#markPodsNotReady(name, now, signal);
    return current;
  }

  /** A watch that stands still must not look like a cluster of silent nodes: the server is asked before a node is given up. */
  async #isLeaseNewer(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      const live = await this.#context.client.get(leases, { namespace: leaseNamespace, name }, { signal });
      return live.metadata.resourceVersion !== this.leases.get(name, leaseNamespace)?.metadata.resourceVersion;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  async #keepEvictionTaints(node: Node, signal: AbortSignal): Promise<void> {
    const status = findCondition(node.status?.conditions, 'Ready')?.status;
    if (status === 'True') return await this.#letStay(node, signal);
    if (status === undefined) return;
    const taints = evictionTaints(node, '');
    if (taints === undefined) this.#evictions.remove(node.metadata.name ?? '');
    // One taint takes the place of the other at once: the pods are leaving already.
    else if (node.spec?.taints?.some(isEvictingTaint)) await this.#changeTaints(node.metadata.name ?? '', signal);
    else this.#evictions.add(node);
  }

  /** The node's pods need not leave. */
  async #letStay(node: Node, signal: AbortSignal): Promise<void> {
    const { name = '' } = node.metadata;
    this.#evictions.remove(name);
    if (node.spec?.taints?.some(isEvictingTaint))
      await this.#changeTaints(name, signal, (taints) => taints.filter((taint) => !isEvictingTaint(taint)));
  }

  /** Taints a node so that its pods leave, unless it is well by now. */
  async #makeLeave(name: string, zone: string, signal: AbortSignal): Promise<void> {
    try {
      if (await this.#changeTaints(name, signal)) this.#metrics.evictions(zone).add();
    } catch (error) {
      signal.throwIfAborted();
      // The next sweep finds it again.
      this.#context.logger.warn('a node was not tainted', { node: name, err: error });
    }
  }

  /** Changes the taints of a node as it is now: absent, to what its Ready status asks for. False when there is nothing to change. */
  async #changeTaints(
    name: string,
    signal: AbortSignal,
    to?: (taints: readonly Taint[]) => readonly Taint[],
  ): Promise<boolean> {
    const { client, environment } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        const live = await client.get(nodes, { name }, { signal });
        const taints = to?.(live.spec?.taints ?? []) ?? evictionTaints(live, formatTime(environment.now()));
        if (taints === undefined) return false;
        const body = { metadata: { resourceVersion: live.metadata.resourceVersion }, spec: { taints } };
        await client.patch(nodes, { name }, { type: 'merge', body }, { signal });
        return true;
      } catch (error) {
        if (isReason(error, 'NotFound')) return false;
        if (!isReason(error, 'Conflict') || attempt === mostAttempts) throw error;
      }
    }
  }

  async #markPodsNotReady(nodeName: string, now: string, signal: AbortSignal): Promise<void> {
    const { client, events } = this.#context;
    for (const pod of [...this.pods.byIndex(byNode, nodeName)]) {
      if (!isPodReady(pod)) continue;
      const { namespace, name = '', uid } = pod.metadata;
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: now };
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      try {
        await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
        events.event(referenceTo(pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
    }
  }

  #tell(name: string, uid: string | undefined, reason: string, message: string): void {
    this.#context.events.event({ kind: nodes.kind, apiVersion: nodes.version, name, uid }, 'Normal', reason, message);
  }
}
