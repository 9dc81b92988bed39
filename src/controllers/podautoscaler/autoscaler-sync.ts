import { referenceTo } from '../../client/object-reference.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import { parseLabelSelector } from '../../machinery/label-selector-parser.ts';
import { formatTime } from '../../machinery/time.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from '../../resources/schema/autoscaling-v2.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { horizontalPodAutoscalers } from '../../resources/schema/resource-types.generated.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { messageOf } from '../runtime/pod-control.ts';
import { AutoscalerConditions } from './autoscaler-conditions.ts';
import { type AutoscalerMetrics, type ScaleAction, scaleAction } from './autoscaler-metrics.ts';
import { boundReplicas } from './bound-replicas.ts';
import { type EvaluatedMetric, evaluateMetric, MetricFailure } from './metric-evaluation.ts';
import { ScaleTarget } from './scale-target.ts';
import type { ScalingHistory } from './scaling-history.ts';

export interface SyncOptions {
  readonly context: Pick<ControllerContext, 'client' | 'environment' | 'events'>;
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly history: ScalingHistory;
  readonly metrics: AutoscalerMetrics;
  readonly served: readonly DiscoveredResource[];
  /** The pods that a selector selects, and which autoscalers select any of them; this one claims the selector by asking. */
  claim(selector: LabelSelector): { readonly pods: readonly Pod[]; readonly claiming: readonly string[] };
  writeStatus(status: HorizontalPodAutoscalerStatus): Promise<void>;
  readonly signal: AbortSignal;
}

/** What is to be done, and why. */
interface Plan {
  readonly replicas: number;
  readonly reason: string;
  readonly metrics: readonly MetricStatus[];
}

const noMetric: MetricStatus = { type: '' };

/** One look at one autoscaler: how many pods its metrics ask for, how many there may be, and its target scaled to that. */
export class AutoscalerSync {
  readonly #options: SyncOptions;
  readonly #conditions: AutoscalerConditions;
  readonly #min: number;

  constructor(options: SyncOptions) {
    const { autoscaler, context } = options;
    this.#options = options;
    this.#conditions = new AutoscalerConditions(autoscaler.status?.conditions ?? [], context.environment.now());
    this.#min = autoscaler.spec.minReplicas ?? 1;
  }

  /** Answers what was done. Throws an Error that says why nothing was; events and conditions say it already. */
  async run(): Promise<ScaleAction> {
    const target = await this.#findTarget();
    const current = target.replicas;
    const { history, context } = this.#options;
    if (history.recommendations.length === 0) history.recommend(current, context.environment.monotonic());
    const plan = this.#planWithoutMetrics(current) ?? (await this.#planByMetrics(target));
    const rescales = plan.replicas !== current;
    if (rescales) await this.#rescale(target, plan);
    await this.#writeStatus(current, plan.replicas, plan.metrics, rescales);
    return scaleAction(current, plan.replicas);
  }

  async #findTarget(): Promise<ScaleTarget> {
    const { context, autoscaler, served, signal, writeStatus } = this.#options;
    const { namespace = '' } = autoscaler.metadata;
    try {
      const target = await ScaleTarget.find(context.client, served, autoscaler.spec.scaleTargetRef, namespace, signal);
      const message = "the HPA controller was able to get the target's current scale";
      this.#conditions.set('AbleToScale', true, 'SucceededGetScale', message);
      return target;
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      this.#warn('FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      this.#conditions.set('AbleToScale', false, 'FailedGetScale', message);
      await writeStatus({ desiredReplicas: 0, ...autoscaler.status, conditions: this.#conditions.all });
      throw error;
    }
  }

  /** Where the number alone decides. */
  #planWithoutMetrics(current: number): Plan | undefined {
    const { maxReplicas } = this.#options.autoscaler.spec;
    if (current === 0 && !this.#wakes()) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      this.#conditions.set('ScalingActive', false, 'ScalingDisabled', message);
      return { replicas: 0, reason: '', metrics: [] };
    }
    if (current === 0) return undefined;
    if (current > maxReplicas)
      return { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas', metrics: [] };
    if (current < this.#min)
      return { replicas: this.#min, reason: 'Current number of replicas below Spec.MinReplicas', metrics: [] };
    return undefined;
  }

  /** Whether a target without pods may get some: only when it was the autoscaler that took them (KEP-2021). */
  #wakes(): boolean {
    return this.#conditions.isTrue('ScaledToZero') && (this.#min !== 0 || this.#countsElsewhere());
  }

  /** Whether a metric is about anything but the pods. */
  #countsElsewhere(): boolean {
    const { metrics = [] } = this.#options.autoscaler.spec;
    return metrics.some(({ type }) => type === 'Object' || type === 'External');
  }

  async #planByMetrics(target: ScaleTarget): Promise<Plan> {
    const { context, autoscaler, history } = this.#options;
    const { maxReplicas: max, behavior } = autoscaler.spec;
    const current = target.replicas;
    const { wanted, name, metrics } = await this.#evaluate(target);
    let reason = '';
    if (wanted > current) reason = `${wanted > 0 ? name : ''} above target`;
    if (wanted < current) reason = 'All metrics below target';
    const nowMs = context.environment.monotonic();
    const bounded = boundReplicas({ current, wanted, min: this.#min, max, behavior, history, nowMs });
    history.recommend(wanted, nowMs);
    this.#conditions.set('AbleToScale', true, bounded.able.reason, bounded.able.message);
    this.#conditions.set('ScalingLimited', bounded.isLimited, bounded.limit.reason, bounded.limit.message);
    if (current > 0 || bounded.replicas >= this.#min) return { replicas: bounded.replicas, reason, metrics };
    return { replicas: this.#min, reason: reason || 'Current number of replicas below Spec.MinReplicas', metrics };
  }

  /** The most that any metric asks for. While some say nothing, the others may only ask for more pods. */
  async #evaluate(target: ScaleTarget) {
    const { autoscaler, context, metrics, signal } = this.#options;
    const { metrics: specs = [] } = autoscaler.spec;
    const current = target.replicas;
    const { selector, pods } = await this.#select(target);
    const request = { autoscaler, currentReplicas: current, selector, pods, now: context.environment.now() };
    const statuses: MetricStatus[] = [];
    const failures: MetricFailure[] = [];
    let best: EvaluatedMetric | undefined;
    for (const spec of specs) {
      const startedMs = context.environment.monotonic();
      const evaluated = await evaluateMetric(context.client, spec, request, signal).catch((error: unknown) => {
        if (error instanceof MetricFailure) return error;
        throw error;
      });
      const failed = evaluated instanceof MetricFailure;
      const action = failed ? 'none' : scaleAction(current, evaluated.replicas);
      metrics.computed(spec.type, action, failed, context.environment.monotonic() - startedMs);
      statuses.push(evaluated instanceof MetricFailure ? noMetric : evaluated.status);
      if (evaluated instanceof MetricFailure) {
        this.#warn(evaluated.reason, evaluated.message);
        failures.push(evaluated);
      } else if (best === undefined || best.replicas === 0 || evaluated.replicas > best.replicas) best = evaluated;
    }
    const [first] = failures;
    if (best === undefined || (first !== undefined && best.replicas < current))
      return this.#failed(current, statuses, first, failures.length);
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    this.#conditions.set('ScalingActive', true, 'ValidMetricFound', message);
    return { wanted: best.replicas, name: best.name, metrics: statuses };
  }

  async #failed(
    current: number,
    statuses: readonly MetricStatus[],
    first: MetricFailure | undefined,
    count: number,
  ): Promise<never> {
    const message = `the HPA was unable to compute the replica count: ${first?.message}`;
    this.#conditions.set('ScalingActive', false, first?.reason ?? '', message);
    const counts = `${count} invalid out of ${statuses.length}`;
    return this.#giveUp(current, statuses, `invalid metrics (${counts}), first error is: ${first?.inWhole}`);
  }

  async #select(target: ScaleTarget): Promise<{ readonly selector: LabelSelector; readonly pods: readonly Pod[] }> {
    const text = target.selector;
    if (text === '') {
      const condition = "the HPA target's scale is missing a selector";
      return this.#unselected(target, 'SelectorRequired', 'selector is required', 'InvalidSelector', condition);
    }
    let selector: LabelSelector;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      const why = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
      return this.#unselected(target, 'InvalidSelector', why);
    }
    const { pods, claiming } = this.#options.claim(selector);
    if (claiming.length < 2) return { selector, pods };
    const why = `pods by selector ${text} are controlled by more than one HPA (e.g. [${claiming.join(' ')}])`;
    return this.#unselected(target, 'AmbiguousSelector', why);
  }

  async #unselected(
    target: ScaleTarget,
    reason: string,
    why: string,
    conditionReason = reason,
    condition = why,
  ): Promise<never> {
    this.#warn(reason, why);
    this.#conditions.set('ScalingActive', false, conditionReason, condition);
    return this.#giveUp(target.replicas, [], why);
  }

  async #giveUp(current: number, metrics: readonly MetricStatus[], why: string): Promise<never> {
    await this.#writeStatus(current, this.#options.autoscaler.status?.desiredReplicas ?? 0, metrics, false);
    this.#warn('FailedComputeMetricsReplicas', why);
    throw new Error(`failed to compute desired number of replicas based on listed metrics: ${why}`);
  }

  async #rescale(target: ScaleTarget, { replicas, reason, metrics }: Plan): Promise<void> {
    const { context, autoscaler, history, signal } = this.#options;
    const current = target.replicas;
    const size = `New size: ${replicas}; reason: ${reason}`;
    try {
      await target.setReplicas(replicas, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      this.#warn('FailedRescale', `${size}; error: ${why}`);
      const message = `the HPA controller was unable to update the target scale: ${why}`;
      this.#conditions.set('AbleToScale', false, 'FailedUpdateScale', message);
      await this.#writeStatus(current, autoscaler.status?.desiredReplicas ?? 0, metrics, false);
      throw error;
    }
    const message = `the HPA controller was able to update the target scale to ${replicas}`;
    this.#conditions.set('AbleToScale', true, 'SucceededRescale', message);
    context.events.event(referenceTo(horizontalPodAutoscalers, autoscaler), 'Normal', 'SuccessfulRescale', size);
    // Only rules that the autoscaler itself has look back at what was done.
    if (autoscaler.spec.behavior !== undefined) history.scaled(current, replicas, context.environment.monotonic());
    if (replicas === 0 && this.#min === 0 && this.#countsElsewhere())
      this.#conditions.set('ScaledToZero', true, 'ScaledToZero', 'the HPA controller scaled the workload to zero');
    else {
      const not = 'the HPA controller did not scale the workload to zero';
      this.#conditions.set('ScaledToZero', false, 'NotScaledToZero', not);
    }
  }

  async #writeStatus(
    currentReplicas: number,
    desiredReplicas: number,
    currentMetrics: readonly MetricStatus[],
    rescaled: boolean,
  ): Promise<void> {
    const { autoscaler, context, writeStatus } = this.#options;
    const { generation } = autoscaler.metadata;
    const lastScaleTime = rescaled ? formatTime(context.environment.now()) : autoscaler.status?.lastScaleTime;
    await writeStatus({
      ...(generation !== undefined && { observedGeneration: generation }),
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      ...(currentReplicas > 0 && { currentReplicas }),
      desiredReplicas,
      currentMetrics,
      conditions: this.#conditions.all,
    });
  }

  #warn(reason: string, message: string): void {
    const { context, autoscaler } = this.#options;
    context.events.event(referenceTo(horizontalPodAutoscalers, autoscaler), 'Warning', reason, message);
  }
}
