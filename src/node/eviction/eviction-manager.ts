import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { Machine } from '../machine.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { describePod } from '../pods/labels.ts';
import { allPodsCgroup } from '../pods/pod-cgroup.ts';
import { podEvent } from '../pods/pod-events.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { decidePressure, metThresholds, noPressure, type PressureState } from './decide-pressure.ts';
import { isCritical } from './evictable.ts';
import { evictionMessage } from './eviction-message.ts';
import { observeNode } from './observe-node.ts';
import type { PodMeter } from './pod-meter.ts';
import { rankPods } from './rank-pods.ts';
import { type Observations, type PressureCondition, signalFacts } from './signals.ts';
import { hasStorageLimit, storageExcess } from './storage-limits.ts';
import { type Threshold, thresholdsOf } from './thresholds.ts';

export interface EvictionManagerOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly metrics: Pick<AgentMetrics, 'evicted'>;
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, 'imageFilesystem'>;
  readonly config: NodeConfig;
  readonly machine: Machine;
  readonly pods: Pick<PodWorkers, 'active' | 'evict' | 'discard' | 'worker'>;
  readonly meter: PodMeter;
  node(): Node | undefined;
  /** Removes what nobody needs: containers that have ended, images that are not in use. */
  makeRoomOnDisk(): Promise<void>;
  /** What the node is said to be under has changed. */
  onConditions(): void;
}

/** What a pod gets to end in that has to go at once. */
const immediateGraceSeconds = 1;
/** An evicted pod is waited for this long, before the next is looked for. */
const endPatienceMs = 30_000;
const endLookMs = 1000;

/**
 * Keeps the node itself alive (node-pressure eviction): when it runs short of memory, disk or processes, it removes what nobody needs,
 * and then ends pods, one at a time, those first that use more than they asked for. Pods that exceed their own limits of local storage
 * are ended, too.
 */
export class EvictionManager {
  readonly #options: EvictionManagerOptions;
  readonly #thresholds: readonly Threshold[];
  #state: PressureState = noPressure;
  #conditions: readonly PressureCondition[] = [];
  #ownImages = false;

  /** Throws for thresholds that make no sense. */
  constructor(options: EvictionManagerOptions) {
    this.#options = options;
    this.#thresholds = thresholdsOf(options.config.eviction);
  }

  /** What the node is said to be under. */
  get conditions(): readonly PressureCondition[] {
    return this.#conditions;
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, config, logger } = this.#options;
    const { everyMs } = config.eviction;
    while (everyMs > 0 && !signal.aborted) {
      try {
        const evicted = await this.#look();
        if (evicted.length > 0) {
          await this.#ended(evicted, signal);
          continue;
        }
      } catch (error) {
        if (!signal.aborted) logger.warn('the pressure on the node could not be judged', { err: error });
      }
      await environment.sleep(everyMs, signal).catch(() => {});
    }
  }

  /** Answers the pods that have to go. */
  async #look(): Promise<readonly Pod[]> {
    const { config, environment, pods } = this.#options;
    const observations = await this.#observe();
    const { state, conditions, starved } = decidePressure({
      thresholds: this.#thresholds,
      observations,
      before: this.#state,
      pressureTransitionMs: config.eviction.pressureTransitionMs,
      now: environment.monotonic(),
    });
    this.#state = state;
    this.#say(conditions);
    const greedy = await this.#evictGreedy(pods.active().filter(hasStorageLimit));
    if (greedy.length > 0) return greedy;
    const [first] = starved;
    return first === undefined ? [] : this.#relieve(first, starved, observations);
  }

  async #observe(): Promise<Observations> {
    const { host, runtime, config, machine } = this.#options;
    const [info, stats, disk, images, pods] = await Promise.all([
      host.info(),
      host.stats(),
      host.filesystem(config.rootDirectory).catch(() => undefined),
      // A runtime that does not answer says nothing of its disk.
      runtime
        .imageFilesystem()
        .then(({ mountpoint }) => host.filesystem(mountpoint))
        .catch(() => undefined),
      host.cgroupUsage(allPodsCgroup(config.cgroupRoot)),
    ]);
    this.#ownImages = images !== undefined && disk !== undefined && images.device !== disk.device;
    const limitBytes = machine.podsShare.memoryBytes;
    const used = pods === undefined ? undefined : { memoryBytes: pods.memoryWorkingSetBytes, limitBytes };
    return observeNode({ info, stats, images, pods: used });
  }

  #say(conditions: readonly PressureCondition[]): void {
    const before = this.#conditions;
    this.#conditions = conditions;
    if (before.join() !== conditions.join()) this.#options.onConditions();
  }

  /** Ends the pods that exceed a limit of their own. */
  async #evictGreedy(limited: readonly Pod[]): Promise<readonly Pod[]> {
    if (limited.length === 0) return [];
    const usages = await this.#options.meter.measure(limited);
    return limited.filter((pod) => {
      const usage = usages.get(pod.metadata.uid ?? '');
      const excess = usage === undefined ? undefined : storageExcess(pod, usage, this.#ownImages);
      if (excess === undefined || !this.#evict(pod, immediateGraceSeconds, excess.message, false)) return false;
      this.#options.metrics.evicted(excess.limit);
      return true;
    });
  }

  async #relieve(first: Threshold, starved: readonly Threshold[], observations: Observations): Promise<readonly Pod[]> {
    const { pods, meter, logger, metrics, config } = this.#options;
    const { resource, condition } = signalFacts[first.signal];
    this.#tellNode('EvictionThresholdMet', `Attempting to reclaim ${resource}`);
    logger.warn('the node runs short', { resource, signal: first.signal });
    if (condition === 'DiskPressure' && (await this.#madeRoom())) return [];
    const active = pods.active();
    const usages = await meter.measure(active).catch((error: unknown) => {
      logger.warn('what pods use could not be measured', { err: error });
      return undefined;
    });
    if (usages === undefined) return [];
    const usageOf = (pod: Pod) => usages.get(pod.metadata.uid ?? '');
    const grace = first.hard ? immediateGraceSeconds : config.eviction.maxPodGracePeriodSeconds;
    for (const pod of rankPods(active, first.signal, usageOf, this.#ownImages)) {
      const message = evictionMessage({ resource, pod, usageOf, thresholds: starved, observations });
      if (!this.#evict(pod, grace, message, true)) continue;
      metrics.evicted(first.signal);
      return [pod];
    }
    logger.warn('no pod of the node may be evicted', { resource });
    return [];
  }

  /** Removes what nobody needs; whether that is enough. */
  async #madeRoom(): Promise<boolean> {
    const { makeRoomOnDisk, logger } = this.#options;
    await makeRoomOnDisk().catch((error: unknown) => logger.warn('no room could be made on the disk', { err: error }));
    return metThresholds(this.#thresholds, await this.#observe(), true).length === 0;
  }

  /** Whether the pod goes. `disrupted`: it is not its own fault. */
  #evict(pod: Pod, gracePeriodSeconds: number, message: string, disrupted: boolean): boolean {
    const { pods, recorder, logger } = this.#options;
    if (isCritical(pod)) return false;
    podEvent(recorder, pod, 'Warning', 'Evicted', message);
    logger.warn('a pod is evicted', { pod: describePod(pod), why: message });
    pods.evict(pod, { gracePeriodSeconds, failed: { reason: 'Evicted', message, disrupted } });
    return true;
  }

  /** Waits until pods have ended, and gives back what their containers hold of the disk. */
  async #ended(evicted: readonly Pod[], signal: AbortSignal): Promise<void> {
    const { environment, pods } = this.#options;
    const deadline = environment.monotonic() + endPatienceMs;
    const runs = ({ metadata: { uid = '' } }: Pod) => pods.worker(uid)?.ended === false;
    while (evicted.some(runs) && environment.monotonic() < deadline && !signal.aborted)
      await environment.sleep(endLookMs, signal).catch(() => {});
    if (!signal.aborted) await Promise.all(evicted.map(({ metadata }) => pods.discard(metadata.uid ?? '')));
  }

  #tellNode(reason: string, message: string): void {
    const { node, recorder } = this.#options;
    const object = node();
    if (object !== undefined) recorder.event(referenceTo(nodes, object), 'Warning', reason, message);
  }
}
