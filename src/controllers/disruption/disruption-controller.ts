import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { withStatusCondition } from '../../machinery/conditions.ts';
import { compileLabelSelector, type LabelSelector, nothing } from '../../machinery/label-selector.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime, parseTime } from '../../machinery/time.ts';
import { equal } from '../../resources/equal.ts';
import { disruptionAllowed } from '../../resources/policy/disruption-allowed.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../resources/schema/policy-v1.generated.ts';
import { podDisruptionBudgets, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { keyOf, objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { messageOf } from '../runtime/pod-control.ts';
import { isPodFinished, podCondition } from '../runtime/pods.ts';
import { podInformer, withoutManagedFields } from '../runtime/projections.ts';
import { selectorWords } from '../runtime/selector-words.ts';
import { decideBudget, needsScale } from './decide-budget.ts';
import { OwnerScales } from './owner-scales.ts';

/** A pod that was said to be disrupted and is still there after this is told that it is not. */
const staleAfterMs = 2 * 60_000;
const podPrefix = 'pod:';

/** Keeps count of how many pods of each PodDisruptionBudget may be evicted. */
export function disruptionController(
  context: ControllerContext,
  { discover }: { readonly discover: () => readonly DiscoveredResource[] },
): Controller {
  const loop = new DisruptionLoop(context, discover);
  const { replicationControllers, replicaSets, deployments, statefulSets } = loop.scales;
  return {
    name: 'disruption',
    watches: [
      watching(loop.budgets, ownKey),
      watching(loop.pods, (change) => loop.podChanged(change)),
      // Waited for, since they are read; what they change shows in pods.
      watching(replicationControllers, () => []),
      watching(replicaSets, () => []),
      watching(deployments, () => []),
      watching(statefulSets, () => []),
    ],
    reconcile: (key, signal) =>
      key.startsWith(podPrefix) ? loop.clearStale(key.slice(podPrefix.length), signal) : loop.reconcile(key, signal),
  };
}

class DisruptionLoop {
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly pods: Informer<Pod>;
  readonly scales: OwnerScales;
  readonly #context: ControllerContext;
  readonly #selectors = new WeakMap<PodDisruptionBudget, LabelSelector>();

  constructor(context: ControllerContext, discover: () => readonly DiscoveredResource[]) {
    this.#context = context;
    this.budgets = context.informers.informer(podDisruptionBudgets, {
      projection: withoutManagedFields<PodDisruptionBudget>,
    });
    this.pods = context.informers.informer(pods, podInformer);
    this.scales = new OwnerScales(context, discover);
  }

  *podChanged({ type, object: pod, old }: Change<Pod>): Iterable<string> {
    const relabelled = old !== undefined && !equal(old.metadata.labels, pod.metadata.labels);
    const budgets = [...this.budgets.list(pod.metadata.namespace ?? '')];
    const selecting = budgets.filter((budget) => this.#selectorOf(budget).matches(pod.metadata.labels));
    const [first] = selecting;
    if (selecting.length > 1 && (type === 'added' || relabelled)) {
      const { namespace, name } = pod.metadata;
      const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${first?.metadata.name}" arbitrarily.`;
      this.#context.events.event(referenceTo(pods, pod), 'Warning', 'MultiplePodDisruptionBudgets', message);
    }
    for (const budget of selecting) yield keyOf(budget);
    if (relabelled) {
      for (const budget of budgets) if (this.#selectorOf(budget).matches(old.metadata.labels)) yield keyOf(budget);
    }
    if (type !== 'deleted' && staleSince(pod) !== undefined) yield `${podPrefix}${keyOf(pod)}`;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const budget = this.budgets.get(name, namespace);
    if (budget === undefined) return undefined;
    try {
      return await this.#count(budget, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isReason(error, 'Conflict') || isReason(error, 'NotFound')) throw error;
      this.#context.logger.warn('a budget could not be computed', { key, err: error });
      await this.#failSafe(budget, messageOf(error), signal);
      return undefined;
    }
  }

  async #count(budget: PodDisruptionBudget, signal: AbortSignal): Promise<ReconcileResult> {
    const { environment } = this.#context;
    const { spec = {}, metadata } = budget;
    const selected = this.#podsOf(budget);
    if (selected.length === 0) this.#tell(budget, 'Normal', 'NoPods', 'No matching pods found');
    const { expected, unmanaged } = needsScale(spec)
      ? await this.#expected(budget, selected, signal)
      : { expected: 0, unmanaged: [] };
    if (unmanaged.length > 0) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${selectorWords(spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      this.#tell(budget, 'Warning', 'UnmanagedPods', message);
    }
    const snapshot = { budget, pods: selected, expectedScale: expected, now: environment.now() };
    const { status, notDeleted, recheckAfterMs } = decideBudget(snapshot);
    for (const pod of notDeleted) {
      // The namespace twice, where the name is meant: Kubernetes says it so.
      const message = `Pod was expected by PDB ${metadata.namespace}/${metadata.namespace} to be deleted but it wasn't`;
      this.#context.events.event(referenceTo(pods, pod), 'Warning', 'NotDeleted', message);
    }
    await this.#write(budget, status, signal);
    return { requeueAfterMs: recheckAfterMs, restMs: restAfter(selected.length) };
  }

  async #expected(budget: PodDisruptionBudget, selected: readonly Pod[], signal: AbortSignal) {
    try {
      return await this.scales.sum(selected, signal);
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
      this.#tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      throw error;
    }
  }

  /** While nothing is known, nothing may be evicted. */
  async #failSafe(budget: PodDisruptionBudget, message: string, signal: AbortSignal): Promise<void> {
    const { status = {} } = budget;
    const conditions = withStatusCondition(status.conditions ?? [], {
      type: disruptionAllowed,
      status: 'False',
      reason: 'SyncFailed',
      message,
      ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
      lastTransitionTime: formatTime(this.#context.environment.now()),
    });
    await this.#write(budget, { ...status, disruptionsAllowed: 0, conditions }, signal);
  }

  /** Only on what was counted from: an eviction that was let through meanwhile must not be forgotten. */
  async #write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus, signal: AbortSignal): Promise<void> {
    if (equal(budget.status, status)) return;
    await this.#context.client.update(podDisruptionBudgets, { ...budget, status }, { subresource: 'status', signal });
  }

  /** Takes back from a pod that it was about to be disrupted, when nobody has deleted it. */
  async clearStale(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { client, environment } = this.#context;
    const { name, namespace } = parseKey(key);
    const pod = this.pods.get(name, namespace);
    const sinceMs = pod === undefined ? undefined : staleSince(pod);
    if (pod === undefined || sinceMs === undefined) return undefined;
    const leftMs = sinceMs + staleAfterMs - environment.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const { uid, resourceVersion, generation } = pod.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'False',
      reason: '',
      message: '',
      lastTransitionTime: formatTime(environment.now()),
      ...(generation !== undefined && { observedGeneration: generation }),
    };
    const body = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
    const options = { subresource: 'status', signal };
    await client.patch(pods, objectKey(pod), { type: 'strategic', body }, options);
    return undefined;
  }

  #podsOf(budget: PodDisruptionBudget): readonly Pod[] {
    const selector = this.#selectorOf(budget);
    const all = [...this.pods.list(budget.metadata.namespace ?? '')];
    return all.filter((pod) => selector.matches(pod.metadata.labels));
  }

  #selectorOf(budget: PodDisruptionBudget): LabelSelector {
    const known = this.#selectors.get(budget);
    if (known !== undefined) return known;
    const made = compiled(budget);
    this.#selectors.set(budget, made);
    return made;
  }

  #tell(budget: PodDisruptionBudget, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(referenceTo(podDisruptionBudgets, budget), type, reason, message);
  }
}

function compiled({ spec }: PodDisruptionBudget): LabelSelector {
  try {
    return compileLabelSelector(spec?.selector);
  } catch {
    return nothing;
  }
}

/**
 * Since when a pod is said to be disrupted without being deleted, in milliseconds since 1970. What its node says stays: it may take
 * long until such a pod goes.
 */
function staleSince(pod: Pod): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isPodFinished(pod)) return undefined;
  const condition = podCondition(pod, 'DisruptionTarget');
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  return parseTime(condition.lastTransitionTime) ?? 0;
}
