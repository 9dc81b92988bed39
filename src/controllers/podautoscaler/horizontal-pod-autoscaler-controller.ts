import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import { equal } from '../../resources/equal.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
} from '../../resources/schema/autoscaling-v2.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { horizontalPodAutoscalers, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Change, type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { keyOf, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { messageOf } from '../runtime/pod-control.ts';
import { podInformer, withoutManagedFields } from '../runtime/projections.ts';
import { type AutoscalerMetrics, autoscalerMetrics } from './autoscaler-metrics.ts';
import { AutoscalerSync } from './autoscaler-sync.ts';
import { ScalingHistory } from './scaling-history.ts';
import { SelectorClaims } from './selector-claims.ts';

/** How often each autoscaler is looked at: nothing tells when what pods use has changed. */
const syncPeriodMs = 15_000;

/** Keeps as many pods as what they use asks for, within the bounds of each HorizontalPodAutoscaler. */
export function horizontalPodAutoscalerController(
  context: ControllerContext,
  { discover }: { readonly discover: () => readonly DiscoveredResource[] },
): Controller {
  const loop = new AutoscalerLoop(context, discover);
  return {
    name: 'horizontalpodautoscaler',
    watches: [
      watching(loop.autoscalers, concerned),
      // Waited for, since they are read.
      watching(loop.pods, () => []),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

/** Its own status is no reason to look again. */
function concerned({ type, object, old }: Change<HorizontalPodAutoscaler>): Iterable<string> {
  const isOld = type === 'updated' && object !== old && object.metadata.generation === old.metadata.generation;
  return isOld ? [] : [keyOf(object)];
}

class AutoscalerLoop {
  readonly autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #discover: () => readonly DiscoveredResource[];
  readonly #histories = new Map<string, ScalingHistory>();
  readonly #claims = new SelectorClaims();
  readonly #ownWrites: OwnWrites;
  readonly #metrics: AutoscalerMetrics;

  constructor(context: ControllerContext, discover: () => readonly DiscoveredResource[]) {
    this.#context = context;
    this.#discover = discover;
    this.autoscalers = context.informers.informer(horizontalPodAutoscalers, {
      projection: withoutManagedFields<HorizontalPodAutoscaler>,
    });
    this.pods = context.informers.informer(pods, podInformer);
    this.#ownWrites = new OwnWrites(context.environment);
    this.#metrics = autoscalerMetrics(context.metrics);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace = '' } = parseKey(key);
    const autoscaler = this.autoscalers.get(name, namespace);
    if (autoscaler === undefined) {
      this.#histories.delete(key);
      this.#claims.delete(key);
      this.#ownWrites.forget(key);
      return undefined;
    }
    if (!this.#ownWrites.seen(key, () => this.autoscalers.get(name, namespace)))
      return { requeueAfterMs: syncPeriodMs };
    const history = this.#histories.get(key) ?? new ScalingHistory();
    this.#histories.set(key, history);
    const sync = new AutoscalerSync({
      context: this.#context,
      autoscaler,
      history,
      metrics: this.#metrics,
      served: this.#discover(),
      claim: (selector) => this.#claim(key, namespace, selector),
      writeStatus: (status) => this.#writeStatus(key, autoscaler, status, signal),
      signal,
    });
    const startedMs = this.#context.environment.monotonic();
    const tookMs = () => this.#context.environment.monotonic() - startedMs;
    try {
      const action = await sync.run();
      this.#metrics.reconciled(action, false, tookMs());
    } catch (error) {
      signal.throwIfAborted();
      this.#metrics.reconciled('none', true, tookMs());
      // The next look comes as soon as any other would: events and conditions say what is wrong.
      this.#context.logger.debug('an autoscaler did nothing', { key, err: error });
    }
    return { requeueAfterMs: syncPeriodMs };
  }

  #claim(key: string, namespace: string, selector: LabelSelector) {
    this.#claims.set(key, selector);
    const selected = [...this.pods.list(namespace)].filter(({ metadata }) => selector.matches(metadata.labels));
    return { pods: selected, claiming: this.#claims.claiming(namespace, selected) };
  }

  async #writeStatus(
    key: string,
    autoscaler: HorizontalPodAutoscaler,
    status: HorizontalPodAutoscalerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    if (equal(autoscaler.status, status)) return;
    const { client, events } = this.#context;
    const options = { subresource: 'status', signal };
    try {
      this.#ownWrites.written(key, await client.update(horizontalPodAutoscalers, { ...autoscaler, status }, options));
    } catch (error) {
      signal.throwIfAborted();
      events.event(
        referenceTo(horizontalPodAutoscalers, autoscaler),
        'Warning',
        'FailedUpdateStatus',
        messageOf(error),
      );
      throw error;
    }
  }
}
