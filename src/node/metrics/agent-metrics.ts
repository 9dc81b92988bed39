import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import type {
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  PodStatus,
} from '../../resources/schema/core-v1.generated.ts';
import type { ContainerKind } from '../pods/decision.ts';
import type { WorkingPods } from '../pods/pod-workers.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import { registerIdleFamilies } from './idle-families.ts';
import { ImageMetrics } from './image-metrics.ts';
import { KubeletFamilies, usualSeconds } from './kubelet-families.ts';
import { PodAdmissions } from './pod-admissions.ts';
import { PodStartLatency, podStartSeconds } from './pod-start-latency.ts';
import { RuntimeMetrics } from './runtime-metrics.ts';

const containerTypes: Readonly<Record<ContainerKind, string>> = {
  init: 'init_container',
  main: 'container',
  ephemeral: 'ephemeral_container',
};

/** What an agent counts and measures, under the kubelet's names. Durations are given in milliseconds. */
export class AgentMetrics {
  readonly runtime: RuntimeMetrics;
  readonly images: ImageMetrics;
  readonly admissions: PodAdmissions;
  readonly podStarts: PodStartLatency;
  readonly #startedPods: Counter;
  readonly #startedPodErrors: Counter;
  readonly #startedUserNamespaces: Counter;
  readonly #startedUserNamespaceErrors: Counter;
  readonly #startedContainers: Family<Counter>;
  readonly #startedContainerErrors: Family<Counter>;
  readonly #terminatedContainers: Family<Counter>;
  readonly #podStart: Histogram;
  readonly #worker: Family<Histogram>;
  readonly #workerStart: Histogram;
  readonly #statusSync: Histogram;
  readonly #cgroups: Family<Histogram>;
  readonly #cgroupVersion: Gauge;
  readonly #relist: Histogram;
  readonly #relistInterval: Histogram;
  readonly #lastSeen: Gauge;
  readonly #podRelist: Histogram;
  readonly #runningPods: Gauge;
  readonly #runningContainers: Family<Gauge>;
  readonly #activePods: Gauge;
  readonly #desiredPods: Gauge;
  readonly #workingPods: Family<Gauge>;
  readonly #ephemeralContainers: Gauge;
  readonly #resizesInProgress: Gauge;
  readonly #orphansCleaned: Gauge;
  readonly #orphanErrors: Gauge;
  readonly #orphanedRuntimePods: Counter;
  readonly #evictions: Family<Counter>;
  readonly #sleepsCutShort: Counter;
  readonly #httpFallbacks: Counter;
  readonly #volumes: Family<Histogram>;

  constructor(registry: MetricRegistry, nodeName: string) {
    const families = new KubeletFamilies(registry);
    const counter = (name: string, help: string) => families.counter(name, help).with();
    const gauge = (name: string, help: string) => families.gauge(name, help).with();
    const seconds = (name: string, help: string) => families.histogram(name, help, usualSeconds).with();
    this.runtime = new RuntimeMetrics(families);
    this.images = new ImageMetrics(families);
    this.admissions = new PodAdmissions(families);
    this.podStarts = new PodStartLatency(families);
    this.#startedPods = counter('started_pods_total', 'Sandboxes of pods that were begun to be started');
    this.#startedPodErrors = counter('started_pods_errors_total', 'Sandboxes of pods that could not be started');
    this.#startedUserNamespaces = counter(
      'started_user_namespaced_pods_total',
      'Sandboxes in a user namespace of their own that were begun to be started',
    );
    this.#startedUserNamespaceErrors = counter(
      'started_user_namespaced_pods_errors_total',
      'Sandboxes in a user namespace of their own that could not be started',
    );
    this.#startedContainers = families.counter(
      'started_containers_total',
      'Containers that were begun to be started, by type',
      'container_type',
    );
    this.#startedContainerErrors = families.counter(
      'started_containers_errors_total',
      'Containers that could not be started, by type and reason',
      'container_type',
      'code',
    );
    this.#terminatedContainers = families.counter(
      'terminated_containers_total',
      'Containers that ended, by type, exit code and reason',
      'container_type',
      'exit_code',
      'reason',
    );
    this.#podStart = families
      .histogram(
        'pod_start_duration_seconds',
        'From the first sight of a pod to its running containers',
        podStartSeconds,
      )
      .with();
    this.#worker = families.histogram(
      'pod_worker_duration_seconds',
      'How long one look at a pod takes, by what was done',
      usualSeconds,
      'operation_type',
    );
    this.#workerStart = seconds('pod_worker_start_duration_seconds', 'From the first sight of a pod to its first look');
    this.#statusSync = families
      .histogram(
        'pod_status_sync_duration_seconds',
        'From a change of the status of a pod until the API has it',
        [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60],
      )
      .with();
    this.#cgroups = families.histogram(
      'cgroup_manager_duration_seconds',
      'How long it takes to make, change and remove the cgroup of a pod',
      usualSeconds,
      'operation_type',
    );
    this.#cgroupVersion = gauge('cgroup_version', 'The version of cgroups that the machine has');
    this.#relist = seconds('pleg_relist_duration_seconds', 'How long it takes to list all that the runtime has');
    this.#relistInterval = seconds(
      'pleg_relist_interval_seconds',
      'From one list of all that the runtime has to the next',
    );
    this.#lastSeen = gauge('pleg_last_seen_seconds', 'When the runtime was last listed, in seconds since 1970');
    this.#podRelist = seconds(
      'pleg_pod_relist_duration_seconds',
      'How long it takes to read a container or sandbox of a pod anew after an event',
    );
    this.#runningPods = gauge('running_pods', 'Pods that have a running sandbox');
    this.#runningContainers = families.gauge('running_containers', 'Containers by state', 'container_state');
    this.#activePods = families.gauge('active_pods', 'Pods that take up room on the node', 'static').with('');
    this.#desiredPods = families.gauge('desired_pods', 'Pods that the API has for the node', 'static').with('');
    this.#workingPods = families.gauge(
      'working_pods',
      'Pods that are worked on, by how far they are, and whether the API has them, had them or never told of them',
      'lifecycle',
      'config',
      'static',
    );
    this.#ephemeralContainers = gauge('managed_ephemeral_containers', 'Ephemeral containers of the pods of the node');
    this.#resizesInProgress = gauge('pod_in_progress_resizes', 'Pods that are being given another size');
    this.#orphansCleaned = gauge(
      'orphan_pod_cleaned_volumes',
      'Pods that are no more, of which the last round took away what they had left',
    );
    this.#orphanErrors = gauge(
      'orphan_pod_cleaned_volumes_errors',
      'Pods that are no more, of which the last round could not take away what they had left',
    );
    this.#orphanedRuntimePods = counter(
      'orphaned_runtime_pods_total',
      'Pods that the runtime had running and nobody else knew of',
    );
    this.#evictions = families.counter('evictions', 'Pods that were evicted, by what ran short', 'eviction_signal');
    this.#sleepsCutShort = counter(
      'sleep_action_terminated_early_total',
      'Hooks that sleep, and were ended before their time was over',
    );
    this.#httpFallbacks = counter(
      'lifecycle_handler_http_fallbacks_total',
      'Hooks that ask over HTTPS, and were answered over plain HTTP',
    );
    this.#volumes = families.histogram(
      'volume_metric_collection_duration_seconds',
      'How long it takes to measure a volume, by how that is done',
      usualSeconds,
      'metric_source',
    );
    registerIdleFamilies(families);
    families.gauge('node_name', 'The name of the node', 'node').with(nodeName).set(1);
  }

  sandboxStarting({ spec }: Pod): void {
    this.#startedPods.add();
    if (spec?.hostUsers === false) this.#startedUserNamespaces.add();
  }

  sandboxFailed({ spec }: Pod): void {
    this.#startedPodErrors.add();
    if (spec?.hostUsers === false) this.#startedUserNamespaceErrors.add();
  }

  podStarted(durationMs: number): void {
    this.#podStart.observe(durationMs / 1000);
  }

  containerStarting(kind: ContainerKind): void {
    this.#startedContainers.with(containerTypes[kind]).add();
  }

  containerFailed(kind: ContainerKind, reason: string): void {
    this.#startedContainerErrors.with(containerTypes[kind], reason).add();
  }

  workerTook(operation: 'sync' | 'terminating', durationMs: number): void {
    this.#worker.with(operation).observe(durationMs / 1000);
  }

  workerStarted(afterMs: number): void {
    this.#workerStart.observe(afterMs / 1000);
  }

  statusWritten(afterMs: number): void {
    this.#statusSync.observe(afterMs / 1000);
  }

  machineHas(cgroupVersion: number): void {
    this.#cgroupVersion.set(cgroupVersion);
  }

  cgroupTook(operation: 'create' | 'update' | 'destroy', durationMs: number): void {
    this.#cgroups.with(operation).observe(durationMs / 1000);
  }

  evicted(signal: string): void {
    this.#evictions.with(signal).add();
  }

  /** `sinceLastMs`: undefined for the first. */
  relisted(durationMs: number, sinceLastMs: number | undefined, now: number): void {
    this.#relist.observe(durationMs / 1000);
    if (sinceLastMs !== undefined) this.#relistInterval.observe(sinceLastMs / 1000);
    this.#lastSeen.set(Math.floor(now / 1000));
  }

  readAfterEvent(durationMs: number): void {
    this.#podRelist.observe(durationMs / 1000);
  }

  sleepCutShort(): void {
    this.#sleepsCutShort.add();
  }

  fellBackToHttp(): void {
    this.#httpFallbacks.add();
  }

  volumeMeasured(how: 'du' | 'statfs', durationMs: number): void {
    this.#volumes.with(how).observe(durationMs / 1000);
  }

  /** A round that took away what was left of pods that are no more; `running`: of how many something ran. */
  orphansCleaned(pods: number, failed: number, running: number): void {
    this.#orphansCleaned.set(pods);
    this.#orphanErrors.set(failed);
    this.#orphanedRuntimePods.add(running);
  }

  /** Counts what has ended between two statuses of a pod. */
  statusChanged(uid: string, before: PodStatus, after: PodStatus): void {
    const init = newEnds(before.initContainerStatuses, after.initContainerStatuses);
    for (const end of init) this.podStarts.initContainerRan(uid, end);
    this.#countEnds('init', init);
    this.#countEnds('main', newEnds(before.containerStatuses, after.containerStatuses));
    this.#countEnds('ephemeral', newEnds(before.ephemeralContainerStatuses, after.ephemeralContainerStatuses));
  }

  /** Sets what is counted anew each time it is asked for. */
  refresh(cache: RuntimeCache, pods: Iterable<Pod>, working: WorkingPods, resizesInProgress: number): void {
    const states = { created: 0, running: 0, exited: 0, unknown: 0 };
    let runningPods = 0;
    for (const uid of cache.uids()) {
      const { sandboxes, containers } = cache.state(uid);
      if (sandboxes.some(({ ready }) => ready)) runningPods++;
      for (const { state } of containers) states[state]++;
    }
    this.#runningPods.set(runningPods);
    for (const [state, count] of Object.entries(states)) this.#runningContainers.with(state).set(count);
    let ephemeral = 0;
    for (const { spec } of pods) ephemeral += spec?.ephemeralContainers?.length ?? 0;
    this.#ephemeralContainers.set(ephemeral);
    const { desired, orphan, runtimeOnly } = working;
    this.#activePods.set(desired.sync + desired.terminating + orphan.sync + orphan.terminating);
    this.#desiredPods.set(desired.sync + desired.terminating + desired.terminated);
    for (const [config, counts] of Object.entries({ desired, orphan }))
      for (const [lifecycle, count] of Object.entries(counts)) this.#workingPods.with(lifecycle, config, '').set(count);
    this.#workingPods.with('terminating', 'runtime_only', 'unknown').set(runtimeOnly);
    this.#resizesInProgress.set(resizesInProgress);
  }

  #countEnds(kind: ContainerKind, ends: readonly ContainerStateTerminated[]): void {
    for (const { exitCode, reason = '' } of ends)
      this.#terminatedContainers.with(containerTypes[kind], String(exitCode), reason).add();
  }
}

function newEnds(
  before: readonly ContainerStatus[] = [],
  after: readonly ContainerStatus[] = [],
): readonly ContainerStateTerminated[] {
  const open = after.filter((one) => before.find(({ name }) => name === one.name)?.state?.terminated === undefined);
  return open.flatMap(({ state }) => state?.terminated ?? []);
}
