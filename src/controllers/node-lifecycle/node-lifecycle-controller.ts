import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Lease } from '../../resources/schema/coordination-v1.generated.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { leases, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { byNode, nodeInformer, podInformer } from '../runtime/projections.ts';
import { conditionTaints, findCondition, silentConditions } from './node-health.ts';

export interface NodeLifecycleOptions {
  /** How long an agent may be silent before its node counts as unknown; 50 s unless given. */
  readonly gracePeriodMs?: number | undefined;
  /** The same for a node that has just registered; 60 s unless given. */
  readonly startupGracePeriodMs?: number | undefined;
}

const leaseNamespace = 'kube-node-lease';
const checkEveryMs = 5_000;

/** What was last heard of a node, by this process's own clock: clocks of nodes may be wrong. */
interface Heard {
  readonly uid: string;
  signs: string;
  atMs: number;
  /** The Ready status that the node's pods were told. */
  toldPods: string;
}

/**
 * Watches over nodes: one that falls silent becomes Unknown, its pods no longer ready, and taints keep new pods away from nodes in
 * trouble.
 */
export function nodeLifecycleController(context: ControllerContext, options: NodeLifecycleOptions = {}): Controller {
  const loop = new NodeLifecycleLoop(context, options);
  return {
    name: 'node-lifecycle',
    watches: [
      watching(loop.nodes, ownKey),
      watching(loop.leases, ({ object: { metadata } }) => (metadata.name === undefined ? [] : [metadata.name])),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class NodeLifecycleLoop {
  readonly nodes: Informer<Node>;
  readonly leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #gracePeriodMs: number;
  readonly #startupGracePeriodMs: number;
  readonly #heard = new Map<string, Heard>();

  constructor(context: ControllerContext, options: NodeLifecycleOptions) {
    this.#context = context;
    this.#gracePeriodMs = options.gracePeriodMs ?? 50_000;
    this.#startupGracePeriodMs = options.startupGracePeriodMs ?? 60_000;
    this.nodes = context.informers.informer(nodes, nodeInformer);
    this.leases = context.informers.informer(leases, { namespace: leaseNamespace });
    this.#pods = context.informers.informer(pods, podInformer);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    let node = this.nodes.get(key);
    const { environment, client, events } = this.#context;
    if (node === undefined) {
      const uid = this.#heard.get(key)?.uid;
      if (this.#heard.delete(key)) {
        const message = `Node ${key} event: Removing Node ${key} from Controller`;
        events.event(
          { kind: nodes.kind, apiVersion: nodes.version, name: key, uid },
          'Normal',
          'RemovingNode',
          message,
        );
      }
      return undefined;
    }
    const heard = this.#listen(key, node);
    const now = formatTime(environment.now());
    const leftMs = heard.atMs + this.#patienceMs(node) - environment.monotonic();
    const silent = leftMs <= 0 ? silentConditions(node, now) : undefined;
    if (silent !== undefined) {
      const body = { status: { conditions: silent } };
      node = await client.patch(nodes, { name: key }, { type: 'strategic', body }, { subresource: 'status', signal });
    }
    const taints = conditionTaints(node, now);
    if (taints !== undefined) {
      const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints } };
      node = await client.patch(nodes, { name: key }, { type: 'merge', body }, { signal });
    }
    const ready = findCondition(node, 'Ready')?.status ?? 'Unknown';
    if (ready !== 'True' && heard.toldPods === 'True') {
      events.event(referenceTo(nodes, node), 'Normal', 'NodeNotReady', `Node ${key} status is now: NodeNotReady`);
    }
    if (ready !== 'True') await this.#markPodsNotReady(key, now, signal);
    heard.toldPods = ready;
    return { requeueAfterMs: ready === 'Unknown' ? checkEveryMs : Math.max(1_000, leftMs) };
  }

  /** Notes a sign of life: a renewed lease or a new heartbeat. */
  #listen(key: string, node: Node): Heard {
    const { environment, events } = this.#context;
    const uid = node.metadata.uid ?? '';
    const lease = this.leases.get(key, leaseNamespace)?.spec?.renewTime ?? '';
    const signs = `${lease}/${findCondition(node, 'Ready')?.lastHeartbeatTime ?? ''}`;
    const known = this.#heard.get(key);
    if (known?.uid === uid) {
      if (known.signs !== signs) {
        known.signs = signs;
        known.atMs = environment.monotonic();
      }
      return known;
    }
    const toldPods = findCondition(node, 'Ready')?.status ?? 'Unknown';
    const heard: Heard = { uid, signs, atMs: environment.monotonic(), toldPods };
    this.#heard.set(key, heard);
    events.event(
      referenceTo(nodes, node),
      'Normal',
      'RegisteredNode',
      `Node ${key} event: Registered Node ${key} in Controller`,
    );
    return heard;
  }

  #patienceMs(node: Node): number {
    return findCondition(node, 'Ready') === undefined ? this.#startupGracePeriodMs : this.#gracePeriodMs;
  }

  async #markPodsNotReady(nodeName: string, now: string, signal: AbortSignal): Promise<void> {
    const { client, events } = this.#context;
    for (const pod of [...this.#pods.byIndex(byNode, nodeName)]) {
      const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') continue;
      const { namespace, name = '', uid } = pod.metadata;
      events.event(referenceTo(pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: now };
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      try {
        await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      }
    }
  }
}
