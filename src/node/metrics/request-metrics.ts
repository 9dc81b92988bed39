import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import { KubeletFamilies, usualSeconds } from './kubelet-families.ts';

/** The first parts of paths that are told apart: others are anybody's, and there must not be a series for each. */
const roots: ReadonlySet<string> = new Set([
  'attach',
  'configz',
  'containerLogs',
  'debug',
  'exec',
  'healthz',
  'logs',
  'metrics',
  'metrics/cadvisor',
  'metrics/probes',
  'metrics/resource',
  'pods',
  'portForward',
  'run',
  'runningpods',
  'stats',
]);
const methods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);
/** A kubelet looks for `portforward` among them, which no path of its own is. */
const longRunning: ReadonlySet<string> = new Set(['exec', 'attach', 'debug']);
const labels = ['method', 'path', 'server_type', 'long_running'] as const;

/** What is counted of the requests to a node. */
export class RequestMetrics {
  readonly #requests: Family<Counter>;
  readonly #inFlight: Family<Gauge>;
  readonly #seconds: Family<Histogram>;
  readonly #webSockets: Family<Counter>;

  constructor(registry: MetricRegistry) {
    const families = new KubeletFamilies(registry);
    this.#requests = families.counter('http_requests_total', 'Requests to the node', ...labels);
    this.#inFlight = families.gauge(
      'http_inflight_requests',
      'Requests to the node that are being answered',
      ...labels,
    );
    this.#seconds = families.histogram(
      'http_requests_duration_seconds',
      'How long requests to the node take, streams until they end',
      usualSeconds,
      ...labels,
    );
    this.#webSockets = families.counter(
      'websocket_streaming_requests_total',
      'Streams that were asked for by WebSocket',
      'subresource',
    );
  }

  /** A request came. Call what is answered when it has ended. */
  began(method: string, path: string, isWebSocket: boolean): (durationMs: number) => void {
    const root = rootOf(path);
    const values = [methods.has(method) ? method : 'other', root, 'readwrite', String(longRunning.has(root))];
    const inFlight = this.#inFlight.with(...values);
    this.#requests.with(...values).add();
    inFlight.add(1);
    if (isWebSocket) this.#webSockets.with(root.toLowerCase()).add();
    return (durationMs) => {
      inFlight.add(-1);
      this.#seconds.with(...values).observe(durationMs / 1000);
    };
  }
}

function rootOf(path: string): string {
  const [first = '', second] = (path.split('?', 1)[0] ?? '').split('/').slice(1);
  const root = first === 'metrics' && second !== undefined ? `${first}/${second}` : first;
  return roots.has(root) ? root : 'other';
}
