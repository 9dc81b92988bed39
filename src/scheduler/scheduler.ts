import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import type { DeedRecorder } from '../client/series-event-recorder.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Counter, Histogram, MetricRegistry } from '../machinery/metrics.ts';
import { isReason } from '../machinery/status-error.ts';
import { equal } from '../resources/equal.ts';
import type { Binding, Node, Pod } from '../resources/schema/core-v1.generated.ts';
import {
  csiNodes,
  deviceClasses,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  resourceClaims,
  services,
  statefulSets,
  storageClasses,
} from '../resources/schema/resource-types.generated.ts';
import { SchedulerCache } from './cache.ts';
import { isAssigned, isFinished, nodeChanged, specChanged } from './changes.ts';
import { diagnosisMessage } from './diagnosis.ts';
import type { ClusterEvent, CycleState, Plugin, Snapshot } from './framework.ts';
import { ownerSelector } from './owner-selector.ts';
import { defaultPlugins } from './plugins/default-plugins.ts';
import { devicePlugin } from './plugins/dynamic-resources.ts';
import { type PodInfo, podKey, takesLess } from './pod-info.ts';
import { PodReports } from './pod-reports.ts';
import { findPreemption } from './preemption.ts';
import { type Attempt, type Diagnosis, schedulePod } from './schedule-pod.ts';
import { type QueuedPod, SchedulingQueue } from './scheduling-queue.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly recorder: DeedRecorder;
  /** Pods with this `schedulerName` are its business; `default-scheduler` unless given. */
  readonly name?: string | undefined;
}

/** Bindings under way at once: each waits for the API server, and volumes may take long. */
const mostBindings = 64;
/** Pods placed before others get a turn on the event loop. */
const podsPerTurn = 16;

/**
 * Gives pods nodes, one pod after the other: the decision is synchronous over the cache, and what it leads to (binding, events,
 * status) goes on by itself while the next pod is looked at.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #name: string;
  readonly #cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #plugins: readonly Plugin[];
  readonly #reports: PodReports;
  readonly #snapshot: Snapshot;
  readonly #position = { next: 0 };
  readonly #stop = new AbortController();
  readonly #detach: (() => void)[] = [];
  readonly #background = new Set<Promise<void>>();
  /** Ends the binding of a pod that goes meanwhile, by its uid. */
  readonly #bindings = new Map<string, AbortController>();
  readonly #attempts: { readonly [result in 'scheduled' | 'unschedulable' | 'error']: Counter };
  readonly #duration: Histogram;
  #started = false;
  #loop: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#name = options.name ?? 'default-scheduler';
    const { informers, metrics, environment, client, recorder } = options;
    const { signal } = this.#stop;
    this.#reports = new PodReports({ client, environment, recorder, name: this.#name, signal });
    const namespaceInformer = informers.informer(namespaces);
    const budgets = informers.informer(podDisruptionBudgets);
    this.#snapshot = {
      nodes: [],
      node: (name) => this.#cache.node(name),
      nominated: (nodeName) => this.#queue.nominated(nodeName),
      budgets: (namespace) => budgets.list(namespace),
      namespaceLabels: (namespace) => namespaceInformer.get(namespace)?.metadata.labels ?? {},
    };
    this.#plugins = defaultPlugins({
      client,
      environment,
      claims: informers.informer(persistentVolumeClaims),
      volumes: informers.informer(persistentVolumes),
      classes: informers.informer(storageClasses),
      csiNodes: informers.informer(csiNodes),
      deviceClaims: informers.informer(resourceClaims),
      deviceClasses: informers.informer(deviceClasses),
      ownerSelector: ownerSelector({
        services: informers.informer(services),
        replicationControllers: informers.informer(replicationControllers),
        replicaSets: informers.informer(replicaSets),
        statefulSets: informers.informer(statefulSets),
      }),
    });
    this.#queue = new SchedulingQueue(
      environment,
      (pod) => this.#gate(pod),
      () => this.#kick(),
    );
    const attempts = metrics.counter({
      name: 'scheduler_schedule_attempts_total',
      help: 'Attempts to schedule a pod, by what came of them',
      labels: ['result', 'profile'],
    });
    this.#attempts = {
      scheduled: attempts.with('scheduled', this.#name),
      unschedulable: attempts.with('unschedulable', this.#name),
      error: attempts.with('error', this.#name),
    };
    this.#duration = metrics
      .histogram({
        name: 'scheduler_scheduling_algorithm_duration_seconds',
        help: 'Time it takes to choose a node',
        buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
      })
      .with();
  }

  /** Resolves when the first lists are in; scheduling goes on until `stop`. */
  async start(): Promise<void> {
    const { informers } = this.#options;
    this.#follow(informers.informer(nodes));
    this.#followPods(informers.informer(pods));
    for (const type of [persistentVolumeClaims, persistentVolumes, storageClasses, csiNodes]) {
      this.#followOther(informers.informer<{ metadata: object }>(type), 'VolumesChanged');
    }
    this.#followOther(informers.informer(namespaces), 'NamespaceChanged');
    for (const type of [resourceClaims, deviceClasses])
      this.#followOther(informers.informer<{ metadata: object }>(type), 'DevicesChanged');
    await informers.synced(this.#stop.signal);
    this.#started = true;
    this.#kick();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the scheduler was stopped', 'AbortError'));
    for (const detach of this.#detach) detach();
    this.#queue.stop();
    await this.#loop;
    await Promise.allSettled(this.#background);
  }

  #follow(informer: Informer<Node>): void {
    this.#detach.push(
      informer.addHandler({
        added: (node) => {
          this.#cache.setNode(node);
          this.#queue.moved('NodeAdded');
        },
        updated: (node, old) => {
          this.#cache.setNode(node);
          if (nodeChanged(node, old)) this.#queue.moved('NodeChanged');
        },
        deleted: (node) => {
          this.#cache.removeNode(node.metadata.name ?? '');
          this.#queue.moved('NodeDeleted');
        },
      }),
    );
  }

  #followPods(informer: Informer<Pod>): void {
    this.#detach.push(
      informer.addHandler({
        added: (pod) => this.#podChanged(pod, undefined),
        updated: (pod, old) => this.#podChanged(pod, old),
        deleted: (pod) => this.#podGone(pod),
      }),
    );
  }

  #followOther(informer: Informer<{ readonly metadata: object }>, event: ClusterEvent): void {
    const moved = () => this.#queue.moved(event);
    this.#detach.push(informer.addHandler({ added: moved, updated: moved, deleted: moved }));
  }

  #podChanged(pod: Pod, old: Pod | undefined): void {
    if (old !== undefined && old.metadata.uid !== pod.metadata.uid) this.#podGone(old);
    if (isFinished(pod)) {
      this.#podGone(pod);
      return;
    }
    if (isAssigned(pod)) {
      this.#queue.delete(pod);
      this.#cache.setPod(pod);
      if (old === undefined || !isAssigned(old)) this.#queue.moved('PodAssigned');
      else if (!equal(pod.metadata.labels, old.metadata.labels)) this.#queue.moved('PodLabelsChanged');
      if (old !== undefined && takesLess(pod, old)) this.#queue.moved('PodScaledDown');
      return;
    }
    if (typeof pod.metadata.deletionTimestamp === 'string') {
      this.#queue.delete(pod);
      return;
    }
    if (!this.#isOurs(pod) || this.#cache.isPlaced(podKey(pod))) return;
    if (old !== undefined && !specChanged(pod, old)) {
      this.#queue.refresh(pod);
      return;
    }
    const gated = old === undefined ? this.#queue.add(pod) : this.#queue.update(pod);
    if (gated !== undefined && (pod.spec?.schedulingGates ?? []).length > 0)
      this.#spawn(this.#reports.setCondition(pod, 'SchedulingGated', gated, undefined));
  }

  #podGone(pod: Pod): void {
    this.#queue.delete(pod);
    this.#bindings.get(pod.metadata.uid ?? '')?.abort(new DOMException('the pod is gone', 'AbortError'));
    // One that goes while it is bound is not assigned yet, and already has its place.
    if (!this.#cache.isPlaced(podKey(pod))) return;
    this.#cache.removePod(pod);
    this.#queue.moved('PodDeleted');
  }

  #isOurs(pod: Pod): boolean {
    return (pod.spec?.schedulerName ?? 'default-scheduler') === this.#name;
  }

  #gate(pod: Pod): string | undefined {
    for (const plugin of this.#plugins) {
      const reason = plugin.preEnqueue?.(pod);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #kick(): void {
    if (this.#started && this.#loop === undefined) this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    const { environment } = this.#options;
    await environment.turn();
    for (let count = 1; !this.#stop.signal.aborted; count++) {
      while (this.#background.size >= mostBindings) await Promise.race(this.#background);
      const queued = this.#queue.pop();
      if (queued === undefined) break;
      this.#scheduleOne(queued);
      if (count % podsPerTurn === 0) await environment.turn();
    }
    this.#loop = undefined;
  }

  #scheduleOne(queued: QueuedPod): void {
    const { environment, logger } = this.#options;
    const started = environment.monotonic();
    const snapshot: Snapshot = { ...this.#snapshot, nodes: this.#cache.nodes() };
    let attempt: Attempt;
    try {
      attempt = schedulePod(this.#plugins, queued.info, snapshot, this.#position, () => environment.random());
    } catch (error) {
      this.#attempts.error.add();
      logger.error('scheduling a pod failed', { pod: queued.info.key, err: error });
      this.#queue.giveBack(queued, undefined);
      return;
    }
    this.#duration.observe((environment.monotonic() - started) / 1000);
    if (attempt.outcome === 'placed') this.#place(queued, attempt.nodeName, attempt.state);
    else this.#refuse(queued, attempt.diagnosis, attempt.state, snapshot);
  }

  #place(queued: QueuedPod, nodeName: string, state: CycleState): void {
    this.#cache.assume(queued.info, nodeName);
    this.#queue.nominate(queued, undefined);
    for (const plugin of this.#plugins) plugin.reserve?.(state, queued.info, nodeName);
    this.#spawn(this.#bind(queued, nodeName, state));
  }

  async #bind(queued: QueuedPod, nodeName: string, state: CycleState): Promise<void> {
    const { client, logger } = this.#options;
    const { pod } = queued.info;
    const { namespace, name = '', uid } = pod.metadata;
    const gone = new AbortController();
    this.#bindings.set(uid ?? '', gone);
    const signal = AbortSignal.any([this.#stop.signal, gone.signal]);
    try {
      if (this.#plugins.some((plugin) => plugin.awaitsPreBind?.(state, nodeName)))
        await this.#reports.setNomination(pod, nodeName);
      for (const plugin of this.#plugins) await plugin.preBind?.(state, queued.info, nodeName, signal);
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      };
      await client.createSubresource(pods, { namespace, name }, 'binding', binding, { signal });
      this.#queue.done(queued);
      this.#attempts.scheduled.add();
      this.#reports.recordScheduled(pod, nodeName);
    } catch (error) {
      for (const plugin of this.#plugins) plugin.unreserve?.(state, queued.info, nodeName);
      this.#cache.forget(queued.info);
      this.#queue.moved('PodDeleted');
      if (signal.aborted || !(await this.#stillWaits(pod, error))) {
        this.#queue.done(queued);
        return;
      }
      this.#attempts.error.add();
      const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
      logger.warn('a pod was not bound', { pod: queued.info.key, node: nodeName, err: error });
      this.#reports.recordFailure(pod, message);
      this.#queue.giveBack(queued, undefined);
      await this.#reports.setCondition(pod, 'SchedulerError', message, undefined);
    } finally {
      this.#bindings.delete(uid ?? '');
    }
  }

  /** Whether a pod that was not bound is still to be placed. One that is going, or that somebody else has placed, is no failure. */
  async #stillWaits(pod: Pod, error: unknown): Promise<boolean> {
    if (isReason(error, 'NotFound')) return false;
    if (!isReason(error, 'Conflict')) return true;
    const { namespace, name = '', uid } = pod.metadata;
    try {
      const now = await this.#options.client.get(pods, { namespace, name }, { signal: this.#stop.signal });
      return now.metadata.uid === uid && now.metadata.deletionTimestamp === undefined && !isAssigned(now);
    } catch (failure) {
      return !isReason(failure, 'NotFound');
    }
  }

  #refuse(queued: QueuedPod, diagnosis: Diagnosis, state: CycleState, snapshot: Snapshot): void {
    this.#attempts.unschedulable.add();
    const retryOn = new Set([...diagnosis.rejectedBy].flatMap((plugin) => plugin.retryOn));
    const head = diagnosisMessage(diagnosis);
    let message = head;
    let nominated: string | null | undefined;
    if (diagnosis.nodeCount > 0) {
      // Nobody is preempted for an attempt that ended before any node. Kubernetes asks for notes of the plugin of devices then,
      // the last to look at a pod, and words it this way where that was not reached.
      const reached = [...diagnosis.rejectedBy].some(({ name }) => name === devicePlugin);
      if (diagnosis.preFilter !== undefined && !reached) message = `${head} not found`;
      else {
        const preemption = findPreemption(this.#plugins, state, queued.info, snapshot, diagnosis);
        message = `${head} preemption: ${preemption.message}`;
        if (preemption.outcome === 'none') nominated = null;
        if (preemption.outcome === 'found') {
          nominated = preemption.nodeName;
          this.#preempt(queued.info, preemption.nodeName, preemption.victims);
        }
      }
    }
    const { pod } = queued.info;
    if (nominated !== undefined) this.#queue.nominate(queued, nominated ?? undefined);
    this.#queue.giveBack(queued, retryOn);
    this.#reports.recordFailure(pod, message);
    this.#spawn(this.#reports.setCondition(pod, 'Unschedulable', message, nominated));
  }

  /** Has the victims leave that are not leaving already, and those look elsewhere who, less important, waited for room on that node. */
  #preempt(preemptor: PodInfo, nodeName: string, victims: readonly PodInfo[]): void {
    const staying = victims.filter(({ pod }) => pod.metadata.deletionTimestamp === undefined);
    if (staying.length === 0) return;
    this.#spawn(this.#reports.evict(preemptor, nodeName, staying));
    for (const { pod, priority } of this.#queue.nominated(nodeName)) {
      if (priority >= preemptor.priority) continue;
      this.#queue.denominate(pod);
      this.#spawn(this.#reports.setNomination(pod, null));
    }
  }

  /** Lets work go on beside the loop; what goes wrong is logged, for the pod is tried again anyway. */
  #spawn(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted || isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
        this.#options.logger.warn('the scheduler could not write', { err: error });
      })
      .finally(() => {
        this.#background.delete(tracked);
      });
    this.#background.add(tracked);
  }
}
