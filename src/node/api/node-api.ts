import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { StatusManager } from '../pod-status/status-manager.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import type { ProbeManager } from '../probes/probe-manager.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { cadvisorMetrics } from '../stats/cadvisor-metrics.ts';
import { type MetricFamily, metricText } from '../stats/metric-text.ts';
import { resourceMetrics } from '../stats/resource-metrics.ts';
import type { StatsProvider } from '../stats/stats-provider.ts';
import { containerLogs } from './container-logs.ts';
import { attach, exec } from './exec.ts';
import { HealthChecks } from './health-checks.ts';
import { nodeConfiguration } from './node-configuration.ts';
import { portForward } from './port-forward.ts';
import { jsonResponse, textResponse } from './responses.ts';
import { run } from './run.ts';
import { systemLogs } from './system-logs.ts';

export interface NodeApiOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly host: Host;
  readonly cache: RuntimeCache;
  readonly statuses: StatusManager;
  readonly pods: PodWorkers;
  readonly config: NodeConfig;
  readonly stats: StatsProvider;
  readonly probes: Pick<ProbeManager, 'counts'>;
  /** The agent's own metrics in the text format of Prometheus. */
  renderMetrics(): Promise<string>;
  /** Why the agent does not do its work; undefined: it does. */
  problem(): string | undefined;
}

/** What a connection is upgraded for. */
const streams: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward']);

/** What a kubelet can be told not to serve: how its own program fares, which is no Go program here. */
const offByChoice: Readonly<Record<string, string>> = {
  '/debug/flags/v': 'flags endpoint is disabled.',
  '/debug/pprof/': 'profiling endpoint is disabled.',
};

type Answer = (request: HttpRequest, query: URLSearchParams) => HttpResponse | Promise<HttpResponse>;

/** The node's own API, as the API server and scrapers ask it: logs, stats, metrics, health. Who may ask is decided before. */
export class NodeApi implements HttpTarget {
  readonly #options: NodeApiOptions;
  readonly #startedAt: number;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(options: NodeApiOptions) {
    this.#options = options;
    this.#startedAt = options.environment.now();
    const always = () => undefined;
    const health = new HealthChecks({ log: always, ping: always, syncloop: () => options.problem() });
    this.#answers = new Map<string, Answer>([
      ['/healthz', () => health.all()],
      ...[...health.names].map((name): [string, Answer] => [`/healthz/${name}`, () => health.one(name)]),
      ['/pods', () => jsonResponse(this.#podList())],
      ['/stats/summary', (_, query) => this.#summary(query)],
      ['/configz', () => jsonResponse(nodeConfiguration(options.config))],
      ['/runningpods', () => jsonResponse(this.#runningPods())],
      ['/metrics', async () => metricsResponse(await this.#ownMetrics())],
      ['/metrics/slis', () => metricsResponse(metricText([...health.families(), this.#startTime()]))],
      ['/metrics/probes', () => metricsResponse(metricText([options.probes.counts(), this.#startTime()]))],
      ['/metrics/cadvisor', async () => metricsResponse(cadvisorMetrics(await this.#known(options.stats.cgroups())))],
      ['/metrics/resource', async () => metricsResponse(resourceMetrics(await this.#known(options.stats.usage())))],
    ]);
  }

  async fetch(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.path, 'http://node');
    const path = url.pathname.replace(/\/$/, '');
    const [, first, ...rest] = path.split('/').map(decodeURIComponent);
    const answer = this.#answers.get(path);
    const switchedOff = Object.entries(offByChoice).find(([root]) => url.pathname.startsWith(root));
    if (switchedOff !== undefined) return textResponse(405, `${switchedOff[1]}\n`);
    if (first === 'run') return this.#run(request, url.searchParams, rest);
    if (answer === undefined && first !== 'containerLogs' && first !== 'logs')
      return textResponse(404, '404 page not found\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') return textResponse(405, '405: Method Not Allowed');
    if (first === 'logs') return systemLogs(this.#options.host.files, url.pathname.slice('/logs'.length));
    return answer === undefined ? this.#logs(request, url.searchParams, rest) : answer(request, url.searchParams);
  }

  async upgrade(request: HttpRequest): Promise<UpgradeResponse> {
    const url = new URL(request.path, 'http://node');
    const [, first = '', namespace = '', name = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    if (!streams.has(first)) return this.fetch(request);
    if (request.method !== 'GET' && request.method !== 'POST') return textResponse(405, '405: Method Not Allowed');
    const pod = this.#findPod(namespace, name);
    const [uid, container] = first === 'portForward' ? [rest[0]] : uidAndContainer(rest);
    if (pod === undefined || (container === undefined && first !== 'portForward'))
      return textResponse(404, 'pod does not exist');
    if (uid !== undefined && uid !== pod.metadata.uid) return textResponse(404, 'pod not found');
    const { cache, runtime, environment, logger } = this.#options;
    const query = url.searchParams;
    if (container === undefined) return portForward({ pod, query, request, cache, runtime, environment });
    const state = cache.state(pod.metadata.uid ?? '');
    const input = { pod, state, container, query, request, runtime, environment, logger };
    return first === 'exec' ? exec(input) : attach(input);
  }

  #run(request: HttpRequest, query: URLSearchParams, parts: readonly string[]): HttpResponse | Promise<HttpResponse> {
    if (request.method !== 'POST') return textResponse(405, '405: Method Not Allowed');
    const [namespace = '', name = '', ...rest] = parts;
    const [uid, container] = uidAndContainer(rest);
    if (container === undefined) return textResponse(404, '404: Page Not Found');
    const pod = this.#findPod(namespace, name);
    if (pod === undefined) return textResponse(404, 'pod does not exist');
    if (uid !== undefined && uid !== pod.metadata.uid) return textResponse(404, 'pod not found');
    const { cache, runtime } = this.#options;
    return run({ state: cache.state(pod.metadata.uid ?? ''), container, query, runtime, signal: request.signal });
  }

  #logs(request: HttpRequest, query: URLSearchParams, parts: readonly string[]): HttpResponse {
    const [namespace = '', name = '', container = ''] = parts;
    if (container === '') return textResponse(404, '404: Page Not Found');
    const pod = this.#findPod(namespace, name);
    if (pod === undefined) return textResponse(404, `pod "${name}" does not exist`);
    const { cache, host, environment, statuses } = this.#options;
    return containerLogs({
      pod,
      status: statuses.get(pod.metadata.uid ?? '') ?? pod.status ?? {},
      container,
      query,
      cache,
      files: host.files,
      environment,
      signal: request.signal ?? new AbortController().signal,
    });
  }

  #findPod(namespace: string, name: string): Pod | undefined {
    for (const pod of this.#options.pods.pods())
      if (pod.metadata.name === name && pod.metadata.namespace === namespace) return pod;
    return undefined;
  }

  #podList(): object {
    const { pods, statuses } = this.#options;
    const items = [...pods.pods()].map((pod) => ({
      ...pod,
      status: statuses.get(pod.metadata.uid ?? '') ?? pod.status,
    }));
    return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
  }

  async #summary(query: URLSearchParams): Promise<HttpResponse> {
    const { stats, logger } = this.#options;
    const asked = query.getAll('only_cpu_and_memory');
    try {
      return jsonResponse(await (asked.length === 1 && asked[0] === 'true' ? stats.cpuAndMemory() : stats.summary()));
    } catch (error) {
      logger.warn('what the node uses could not be measured', { err: error });
      return textResponse(500, `Internal Error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** What the runtime runs, whoever asked for it. */
  #runningPods(): object {
    const { cache } = this.#options;
    const items = cache.uids().flatMap((uid) => {
      const { sandboxes, containers } = cache.state(uid);
      const running = containers.filter(({ state }) => state === 'running');
      const [sandbox] = sandboxes;
      if (sandbox === undefined || (running.length === 0 && !sandbox.ready)) return [];
      const { name, namespace } = sandbox.metadata;
      const specs = running.map(({ metadata, image }) => ({ name: metadata.name, image, resources: {} }));
      return [{ metadata: { name, namespace, uid }, spec: { containers: specs }, status: {} }];
    });
    return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
  }

  /** What the agent has counted, and what is measured at the moment when it is asked for. */
  async #ownMetrics(): Promise<string> {
    const logs = await this.#known(this.#options.stats.logUsage());
    return `${await this.#options.renderMetrics()}${metricText(logs === undefined ? [] : [logs])}`;
  }

  #startTime(): MetricFamily {
    const help = '[ALPHA] Start time of the process since unix epoch in seconds.';
    const samples = [{ labels: {}, value: this.#startedAt / 1000 }];
    return { name: 'process_start_time_seconds', type: 'gauge', help, samples };
  }

  /** Whoever scrapes metrics is told by one of them that the others could not be measured. */
  #known<T>(measuring: Promise<T>): Promise<T | undefined> {
    return measuring.catch((error: unknown) => {
      this.#options.logger.warn('what the node uses could not be measured', { err: error });
      return undefined;
    });
  }
}

/** The pod's uid may stand after its name, before the container. */
function uidAndContainer(parts: readonly string[]): readonly [uid: string | undefined, container: string | undefined] {
  return parts.length > 1 ? [parts[0], parts[1]] : [undefined, parts[0]];
}

function metricsResponse(text: string): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: Buffer.from(text),
  };
}
