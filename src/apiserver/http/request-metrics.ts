import type { Environment } from '../../machinery/environment/environment.ts';
import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import type { RequestInfo } from '../request.ts';

const labels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Bound {
  readonly durations: Histogram;
  readonly longRunning: Gauge;
  readonly byCode: Map<number, Counter>;
}

/** Counts requests as Kubernetes does. Metrics of one kind of request are bound once. */
export class RequestMetrics {
  readonly #environment: Environment;
  readonly #total: Family<Counter>;
  readonly #durations: Family<Histogram>;
  readonly #longRunning: Family<Gauge>;
  readonly #bound = new Map<string, Bound>();

  constructor(environment: Environment, metrics: MetricRegistry) {
    this.#environment = environment;
    this.#total = metrics.counter({
      name: 'apiserver_request_total',
      help: 'Requests, by what they were about and how they were answered.',
      labels: [...labels, 'code'],
    });
    this.#durations = metrics.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'How long requests took until their answer began.',
      labels,
      buckets,
    });
    this.#longRunning = metrics.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches and streams that are open.',
      labels: labels.filter((label) => label !== 'dry_run'),
    });
  }

  start(): number {
    return this.#environment.monotonic();
  }

  finish(info: RequestInfo | undefined, dryRun: boolean, code: number, startedMs: number): void {
    const values = labelValues(info, dryRun);
    const bound = this.#bind(values);
    let counter = bound.byCode.get(code);
    if (counter === undefined) {
      counter = this.#total.with(...values, String(code));
      bound.byCode.set(code, counter);
    }
    counter.add();
    bound.durations.observe((this.#environment.monotonic() - startedMs) / 1000);
  }

  /** Counts a stream for as long as it lasts. */
  async *longRunning(info: RequestInfo, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const { longRunning } = this.#bind(labelValues(info, false));
    longRunning.add(1);
    try {
      yield* body;
    } finally {
      longRunning.add(-1);
    }
  }

  #bind(values: readonly string[]): Bound {
    const key = values.join('/');
    let bound = this.#bound.get(key);
    if (bound === undefined) {
      const withoutDryRun = values.filter((_, index) => index !== 1);
      bound = {
        durations: this.#durations.with(...values),
        longRunning: this.#longRunning.with(...withoutDryRun),
        byCode: new Map(),
      };
      this.#bound.set(key, bound);
    }
    return bound;
  }
}

const metricVerbs: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};

/** Only requests that were understood are told apart, so that strangers cannot make up labels. */
function labelValues(info: RequestInfo | undefined, dryRun: boolean): readonly string[] {
  if (info === undefined || !info.isResource) return ['GET', '', '', '', '', '', '', 'apiserver'];
  const scope = info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  const { group, version, resource, subresource } = info;
  return [
    metricVerbs[info.verb] ?? 'other',
    dryRun ? 'All' : '',
    group,
    version,
    resource,
    subresource,
    scope,
    'apiserver',
  ];
}
