import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '../machinery/metrics.ts';
import type { ContainerStatus as ApiContainerStatus, PodStatus } from '../resources/schema/core-v1.generated.ts';
import type { ContainerKind } from './pods/decision.ts';
import type { RuntimeCache } from './pods/runtime-cache.ts';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const startSeconds = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600];
const containerTypes: Readonly<Record<ContainerKind, string>> = {
  init: 'init_container',
  main: 'container',
  ephemeral: 'ephemeral_container',
};

/** What an agent counts and measures, under the kubelet's names. */
export class AgentMetrics {
  readonly runtimeOperations: Family<Counter>;
  readonly runtimeErrors: Family<Counter>;
  readonly runtimeSeconds: Family<Histogram>;
  readonly #startedPods: Counter;
  readonly #startedContainers: Family<Counter>;
  readonly #terminatedContainers: Family<Counter>;
  readonly #podStart: Histogram;
  readonly #worker: Family<Histogram>;
  readonly #relist: Histogram;
  readonly #runningPods: Gauge;
  readonly #runningContainers: Family<Gauge>;
  readonly #activePods: Gauge;
  readonly #evictions: Family<Counter>;

  constructor(registry: MetricRegistry, nodeName: string) {
    const operation = ['operation_type'];
    this.runtimeOperations = registry.counter({
      name: 'kubelet_runtime_operations_total',
      help: 'Calls of the container runtime by operation',
      labels: operation,
    });
    this.runtimeErrors = registry.counter({
      name: 'kubelet_runtime_operations_errors_total',
      help: 'Calls of the container runtime that failed, by operation',
      labels: operation,
    });
    this.runtimeSeconds = registry.histogram({
      name: 'kubelet_runtime_operations_duration_seconds',
      help: 'How long calls of the container runtime take, by operation',
      labels: operation,
      buckets: [0.005, 0.0125, 0.03125, 0.078125, 0.1953125, 0.48828125, 1.220703125, 3.0517578125, 7.62939453125],
    });
    this.#startedPods = registry
      .counter({ name: 'kubelet_started_pods_total', help: 'Pods whose sandbox was started' })
      .with();
    this.#startedContainers = registry.counter({
      name: 'kubelet_started_containers_total',
      help: 'Containers that were started, by type',
      labels: ['container_type'],
    });
    this.#terminatedContainers = registry.counter({
      name: 'kubelet_terminated_containers_total',
      help: 'Containers that ended, by type, exit code and reason',
      labels: ['container_type', 'exit_code', 'reason'],
    });
    this.#podStart = registry
      .histogram({
        name: 'kubelet_pod_start_duration_seconds',
        help: 'From the first sight of a pod to its running containers',
        buckets: startSeconds,
      })
      .with();
    this.#worker = registry.histogram({
      name: 'kubelet_pod_worker_duration_seconds',
      help: 'How long one look at a pod takes, by what was done',
      labels: operation,
      buckets: seconds,
    });
    this.#relist = registry
      .histogram({
        name: 'kubelet_pleg_relist_duration_seconds',
        help: 'How long it takes to list all that the runtime has',
        buckets: seconds,
      })
      .with();
    this.#runningPods = registry
      .gauge({ name: 'kubelet_running_pods', help: 'Pods that have a running sandbox' })
      .with();
    this.#runningContainers = registry.gauge({
      name: 'kubelet_running_containers',
      help: 'Containers by state',
      labels: ['container_state'],
    });
    this.#activePods = registry
      .gauge({ name: 'kubelet_active_pods', help: 'Pods that take up room on the node', labels: ['static'] })
      .with('');
    this.#evictions = registry.counter({
      name: 'kubelet_evictions',
      help: 'Pods that were evicted, by what ran short',
      labels: ['eviction_signal'],
    });
    registry
      .gauge({ name: 'kubelet_node_name', help: 'The name of the node', labels: ['node'] })
      .with(nodeName)
      .set(1);
  }

  sandboxStarted(): void {
    this.#startedPods.add();
  }

  podStarted(durationMs: number): void {
    this.#podStart.observe(durationMs / 1000);
  }

  containerStarted(kind: ContainerKind): void {
    this.#startedContainers.with(containerTypes[kind]).add();
  }

  workerTook(operation: 'sync' | 'terminating', durationMs: number): void {
    this.#worker.with(operation).observe(durationMs / 1000);
  }

  evicted(signal: string): void {
    this.#evictions.with(signal).add();
  }

  relistTook(durationMs: number): void {
    this.#relist.observe(durationMs / 1000);
  }

  /** Counts what has ended between two statuses of a pod. */
  statusChanged(before: PodStatus, after: PodStatus): void {
    this.#countEnds('init_container', before.initContainerStatuses, after.initContainerStatuses);
    this.#countEnds('container', before.containerStatuses, after.containerStatuses);
    this.#countEnds('ephemeral_container', before.ephemeralContainerStatuses, after.ephemeralContainerStatuses);
  }

  /** Sets what is counted anew each time it is asked for. */
  refresh(cache: RuntimeCache, activePods: number): void {
    const states = { created: 0, running: 0, exited: 0, unknown: 0 };
    let runningPods = 0;
    for (const uid of cache.uids()) {
      const { sandboxes, containers } = cache.state(uid);
      if (sandboxes.some(({ ready }) => ready)) runningPods++;
      for (const { state } of containers) states[state]++;
    }
    this.#runningPods.set(runningPods);
    this.#activePods.set(activePods);
    for (const [state, count] of Object.entries(states)) this.#runningContainers.with(state).set(count);
  }

  #countEnds(
    type: string,
    before: readonly ApiContainerStatus[] | undefined,
    after: readonly ApiContainerStatus[] | undefined,
  ): void {
    for (const { name, state } of after ?? []) {
      if (state?.terminated === undefined) continue;
      const { exitCode, reason = '' } = state.terminated;
      const known = before?.find((each) => each.name === name)?.state?.terminated;
      if (known === undefined) this.#terminatedContainers.with(type, String(exitCode), reason).add();
    }
  }
}
