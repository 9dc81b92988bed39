import type { Client } from '../client/client.ts';
import { type EventRecorder, QueuedEventRecorder } from '../client/event-recorder.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { MetricRegistry } from '../machinery/metrics.ts';
import { untilAborted } from '../machinery/until-aborted.ts';
import type { Node, Pod } from '../resources/schema/core-v1.generated.ts';
import type { HttpTarget } from '../wire/http.ts';
import { MeasuredNodeApi } from './api/measured-node-api.ts';
import { NodeApi } from './api/node-api.ts';
import { defaultConfig, type NodeConfig } from './config.ts';
import { pressureRefusal } from './eviction/evictable.ts';
import { EvictionManager } from './eviction/eviction-manager.ts';
import { PodMeter } from './eviction/pod-meter.ts';
import type { PressureCondition } from './eviction/signals.ts';
import type { Host } from './host/host.ts';
import { Housekeeping } from './housekeeping.ts';
import { ImageManager } from './images/image-manager.ts';
import { Machine } from './machine.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { NodeStartLatency } from './metrics/node-start-latency.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { StatusManager } from './pod-status/status-manager.ts';
import { BackOffTable } from './pods/back-off-table.ts';
import { admitPod, resourceRefusal } from './pods/pod-admission.ts';
import { PodCgroups } from './pods/pod-cgroups.ts';
import { PodWorkers } from './pods/pod-workers.ts';
import { RuntimeCache } from './pods/runtime-cache.ts';
import type { WorkerContext } from './pods/worker-context.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { LeaseRenewer } from './registration/lease-renewer.ts';
import { newNode } from './registration/node-object.ts';
import { NodeRegistrar } from './registration/node-registrar.ts';
import { PodResizes } from './resize/pod-resizes.ts';
import { MeasuredRuntime } from './runtime/measured-runtime.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import { RuntimeHealth } from './runtime-health.ts';
import type { AgentSources } from './sources.ts';
import { StatsProvider } from './stats/stats-provider.ts';
import { VolumeManager } from './volumes/volume-manager.ts';

export interface AgentOptions {
  readonly client: Client;
  readonly sources: AgentSources;
  readonly runtime: ContainerRuntime;
  readonly host: Host;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly nodeName: string;
  readonly config?: Partial<NodeConfig>;
  /** The metrics of this process in the text format of Prometheus. */
  readonly renderMetrics?: (() => Promise<string>) | undefined;
}

/** A running agent. */
export interface Agent {
  readonly nodeName: string;
  /** Resolves when this machine is the node of its name. */
  readonly registered: Promise<void>;
  /** The node's own API. Whoever reaches it may use it: serve it behind `serveNodeApi`. */
  readonly api: HttpTarget;
  /** Stops the agent; containers run on. */
  stop(): Promise<void>;
}

/** Makes this machine a node: it registers, runs the pods that are bound to it, and tells how they fare. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { client, host, environment, nodeName } = options;
  const config: NodeConfig = { ...defaultConfig, ...options.config };
  const logger = options.logger.child({ node: nodeName });
  const metrics = new AgentMetrics(options.metrics, nodeName);
  const runtime = new MeasuredRuntime(options.runtime, metrics.runtime, environment);
  const info = await host.info();
  const machine = new Machine(info, config);
  metrics.machineHas(info.cgroupVersion);
  const recorder = new QueuedEventRecorder({
    client,
    environment,
    logger,
    metrics: options.metrics,
    source: { component: 'kubelet', host: nodeName },
  });
  const stop = new AbortController();
  const { signal } = stop;
  const health = new RuntimeHealth({
    runtime,
    environment,
    logger,
    everyMs: config.runtimeStatusMs,
    onChange: () => {
      workers.pods.lookAtAll();
      registrar.soon();
    },
  });
  const workers = createWorkers({ ...options, logger, runtime }, { config, machine, health, recorder, metrics });
  const registrar = new NodeRegistrar({
    client,
    environment,
    logger,
    recorder,
    runtime,
    health,
    host,
    machine,
    config,
    nodeName,
    volumesInUse: () => [],
    pressure: () => workers.pressure(),
    watched: () => options.sources.node(nodeName),
    start: new NodeStartLatency(options.metrics, { environment, bootedAt: info.bootedAt }),
  });
  workers.node = () => registrar.node;
  const lease = new LeaseRenewer({
    client,
    environment,
    logger,
    nodeName,
    durationSeconds: config.leaseDurationSeconds,
    node: () => registrar.node,
  });
  const housekeeping = new Housekeeping({
    config,
    environment,
    logger,
    recorder,
    runtime,
    host,
    cache: workers.cache,
    pods: workers.pods,
    volumes: workers.volumes,
    records: workers.images.records,
    metrics: metrics.images,
    node: () => registrar.node,
  });
  const meter = new PodMeter({ host, runtime, environment, config, metrics });
  const eviction = new EvictionManager({
    environment,
    logger,
    recorder,
    metrics,
    host,
    runtime,
    config,
    machine,
    pods: workers.pods,
    meter,
    node: () => registrar.node,
    makeRoomOnDisk: () => housekeeping.makeRoom(),
    onConditions: () => registrar.soon(),
  });
  workers.pressure = () => eviction.conditions;
  const stats = new StatsProvider({
    nodeName,
    environment,
    host,
    runtime,
    cache: workers.cache,
    meter,
    config,
    pods: () => workers.pods.pods(),
  });
  const nodeApi = new NodeApi({
    environment,
    logger,
    runtime,
    host,
    cache: workers.cache,
    statuses: workers.statuses,
    pods: workers.pods,
    config,
    stats,
    probes: workers.probes,
    renderMetrics: async () => {
      metrics.refresh(workers.cache, workers.pods.pods(), workers.pods.working(), workers.resizes.inProgress);
      return (await options.renderMetrics?.()) ?? '';
    },
    problem: () => health.runtimeProblems[0],
  });
  const running = [
    workers.cache.run(signal),
    health.run(signal),
    registrar.run(signal),
    untilAborted(registrar.registered, signal).then(
      () => lease.run(signal),
      () => {},
    ),
    followPods(options, workers, registrar.registered, signal),
    housekeeping.run(signal),
    eviction.run(signal),
  ];
  return {
    nodeName,
    registered: registrar.registered,
    api: new MeasuredNodeApi(nodeApi, new RequestMetrics(options.metrics), environment),
    async stop() {
      stop.abort(new DOMException(`the agent of node ${nodeName} was stopped`, 'AbortError'));
      await workers.pods.stop();
      workers.probes.stop();
      await workers.volumes.stop();
      workers.statuses.stop();
      await recorder.stop();
      await options.sources.stop();
      await Promise.all(running);
    },
  };
}

interface Workers {
  readonly pods: PodWorkers;
  readonly cache: RuntimeCache;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  readonly volumes: VolumeManager;
  readonly images: ImageManager;
  readonly resizes: PodResizes;
  /** What the node is under. */
  pressure: () => readonly PressureCondition[];
  /** The node as the API has it; undefined before it is registered. */
  node: () => Node | undefined;
}

interface WorkerParts {
  readonly config: NodeConfig;
  readonly machine: Machine;
  readonly health: RuntimeHealth;
  readonly recorder: EventRecorder;
  readonly metrics: AgentMetrics;
}

function createWorkers(options: AgentOptions, { config, machine, health, recorder, metrics }: WorkerParts): Workers {
  const { client, sources, runtime, host, environment, logger, nodeName } = options;
  const statuses = new StatusManager({
    client,
    environment,
    logger,
    concurrency: config.statusConcurrency,
    onWritten: (afterMs) => metrics.statusWritten(afterMs),
  });
  const cache = new RuntimeCache({
    runtime,
    environment,
    logger,
    relistMs: config.relistMs,
    onChange: (uid) => result.pods.notice(uid),
    metrics,
    onRelist: () => health.listed(),
  });
  const probes = new ProbeManager({
    environment,
    recorder,
    runtime,
    host,
    version: config.version,
    hostIp: machine.hostIps[0] ?? '',
    runtimeProblem: () => health.runtimeProblems[0],
    onVerdict: (uid) => result.pods.notice(uid),
  });
  const volumes = new VolumeManager({
    client,
    environment,
    logger,
    recorder,
    host,
    config,
    objects: sources.objects,
    machine,
    node: () => result.node(),
    onStale: (uid) => result.pods.notice(uid),
  });
  const images = new ImageManager({
    runtime,
    environment,
    logger,
    recorder,
    files: host.files,
    rootDirectory: config.rootDirectory,
    backOffMs: config.imageBackOffMs,
    maxParallelPulls: config.maxParallelImagePulls,
    metrics: metrics.images,
    starts: metrics.podStarts,
  });
  const resizes = new PodResizes({
    environment,
    recorder,
    ready: () => result.pods.allKnown,
    fits: (pod) => {
      const active = result.pods.active().filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
      return resourceRefusal({ pod, active, allocatable: machine.allocatable });
    },
    onAccepted: (uid) => result.pods.settle(uid),
  });
  const context: WorkerContext = {
    config,
    client,
    nodeName,
    environment,
    logger,
    recorder,
    runtime,
    host,
    cache,
    statuses,
    images,
    crashBackOff: new BackOffTable(config.crashBackOffMs.initial, config.crashBackOffMs.maximum),
    probes,
    volumes,
    metrics,
    cgroups: new PodCgroups({
      host,
      environment,
      metrics,
      root: config.cgroupRoot,
      share: machine.podsShare,
      pods: () => result.pods.active(),
    }),
    resizes,
    objects: sources.objects,
    machine,
    health,
    services: () => sources.services(),
  };
  const result: Workers = {
    pods: new PodWorkers(context, (pod, active, newest) => {
      const node = newest ?? result.node() ?? newNode(nodeName, config, machine);
      return (
        pressureRefusal(pod, result.pressure()) ?? admitPod({ pod, active, node, allocatable: machine.allocatable })
      );
    }),
    cache,
    statuses,
    probes,
    volumes,
    images,
    resizes,
    pressure: () => [],
    node: () => undefined,
  };
  return result;
}

/**
 * Pods are looked at when the runtime has been listed, so that what runs already is not started again, and when they are known to be this
 * machine's.
 */
async function followPods(
  options: AgentOptions,
  { pods, cache }: Workers,
  registered: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { sources, nodeName, logger } = options;
  try {
    await untilAborted(Promise.all([cache.listed(), registered]), signal);
    const stopWatching = sources.watchPods(nodeName, {
      added: (pod: Pod) => pods.update(pod),
      updated: (pod: Pod) => pods.update(pod),
      deleted: (pod: Pod) => pods.remove(pod),
    });
    signal.addEventListener('abort', stopWatching, { once: true });
    await sources.synced(signal);
    await pods.known();
  } catch (error) {
    if (!signal.aborted) logger.error('the pods of the node are not followed any more', { err: error });
  }
}
