import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { disruptionTarget } from '../../resources/core/pod/disruption-target.ts';
import { equal } from '../../resources/equal.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Change, type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, parseKey } from '../runtime/object-keys.ts';
import { byNode, nodeInformer, podInformer } from '../runtime/projections.ts';
import { evictingTaints, evictionTime, type PlannedEviction, planEviction } from './decide-eviction.ts';

/** Deletes pods from nodes whose taints of NoExecute they do not tolerate, or tolerate no longer. */
export function taintEvictionController(context: ControllerContext): Controller {
  const loop = new TaintEvictionLoop(context);
  return {
    name: 'taint-eviction-controller',
    concurrency: 8,
    watches: [
      watching(loop.pods, (change) => loop.podChanged(change)),
      watching(loop.nodes, (change) => loop.nodeChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

interface PlanOfPod extends PlannedEviction {
  readonly uid: string | undefined;
}

class TaintEvictionLoop {
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly #context: ControllerContext;
  /** By the key of the pod. A plan is there until it was carried out or called off. */
  readonly #plans = new Map<string, PlanOfPod>();
  readonly #deletions;
  readonly #delay;

  constructor(context: ControllerContext) {
    const { informers, metrics } = context;
    this.#context = context;
    this.pods = informers.informer(pods, podInformer);
    this.nodes = informers.informer(nodes, nodeInformer);
    const named = (name: string, help: string) => ({ name: `taint_eviction_controller_${name}`, help });
    this.#deletions = metrics.counter(named('pod_deletions_total', 'Pods that were deleted for taints')).with();
    this.#delay = metrics
      .histogram({
        ...named('pod_deletion_duration_seconds', 'How long after its time a pod was deleted'),
        buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240],
      })
      .with();
  }

  podChanged({ type, object, old }: Change<Pod>): Iterable<string> {
    const key = keyOf(object);
    if (type === 'deleted') return this.#plans.has(key) ? [key] : [];
    const { nodeName = '', tolerations } = object.spec ?? {};
    if (nodeName === '') return [];
    // The same object twice: everything is to be looked at again.
    if (old === undefined || old === object) return [key];
    const same = old.spec?.nodeName === nodeName && old.metadata.uid === object.metadata.uid;
    return same && equal(old.spec?.tolerations, tolerations) ? [] : [key];
  }

  *nodeChanged({ type, object, old }: Change<Node>): Iterable<string> {
    const before = type === 'added' ? [] : evictingTaints((old ?? object).spec?.taints);
    const after = type === 'deleted' ? [] : evictingTaints(object.spec?.taints);
    if (equal(before, after) && (old !== object || after.length === 0)) return;
    for (const pod of this.pods.byIndex(byNode, object.metadata.name ?? '')) yield keyOf(pod);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const pod = this.pods.get(name, namespace);
    const planned = this.#plans.get(key);
    if (pod === undefined || (planned !== undefined && planned.uid !== pod.metadata.uid)) this.#callOff(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
      this.#plans.delete(key);
      return undefined;
    }
    const { nodeName = '', tolerations = [] } = pod.spec ?? {};
    const taints = evictingTaints(this.nodes.get(nodeName)?.spec?.taints);
    const nowMs = this.#context.environment.monotonic();
    const plan = planEviction(evictionTime(taints, tolerations), this.#plans.get(key), nowMs);
    if (plan === undefined) {
      this.#callOff(key);
      return undefined;
    }
    this.#plans.set(key, { ...plan, uid: pod.metadata.uid });
    if (plan.atMs > nowMs) return { requeueAfterMs: plan.atMs - nowMs };
    await this.#evict(pod, signal);
    this.#plans.delete(key);
    this.#deletions.add();
    this.#delay.observe((this.#context.environment.monotonic() - plan.atMs) / 1000);
    return undefined;
  }

  #callOff(key: string): void {
    if (this.#plans.delete(key)) this.#tell(key, `Cancelling deletion of Pod ${key}`);
  }

  async #evict(pod: Pod, signal: AbortSignal): Promise<void> {
    const { client, environment } = this.#context;
    const { uid } = pod.metadata;
    this.#tell(keyOf(pod), `Marking for deletion Pod ${keyOf(pod)}`);
    const message = 'Taint manager: deleting due to NoExecute taint';
    const condition = disruptionTarget(pod, 'DeletionByTaintManager', message, environment.now());
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await client.patch(pods, objectKey(pod), { type: 'strategic', body }, { subresource: 'status', signal });
      await client.delete(pods, objectKey(pod), { preconditions: { uid }, signal });
    } catch (error) {
      // Gone, or another pod has its name.
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  #tell(key: string, message: string): void {
    const about = { kind: pods.kind, apiVersion: pods.version, ...parseKey(key) };
    this.#context.events.event(about, 'Normal', 'TaintManagerEviction', message);
  }
}
