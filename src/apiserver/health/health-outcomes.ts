import type { Counter, Family, Gauge, MetricRegistry } from '../../machinery/metrics.ts';

/** How health checks turned out when they were last asked for together, and how often (KEP-3466). */
export class HealthOutcomes {
  readonly #last: Family<Gauge>;
  readonly #counts: Family<Counter>;

  constructor(metrics: MetricRegistry) {
    this.#last = metrics.gauge({
      name: 'kubernetes_healthcheck',
      help: '[STABLE] Whether a check was passed when it was last asked for.',
      labels: ['name', 'type'],
    });
    this.#counts = metrics.counter({
      name: 'kubernetes_healthchecks_total',
      help: '[STABLE] How checks have turned out.',
      labels: ['name', 'status', 'type'],
    });
  }

  /** `type`: for whom it was asked, such as `readyz`. */
  tell(name: string, type: string, passed: boolean): void {
    this.#last.with(name, type).set(passed ? 1 : 0);
    this.#counts.with(name, passed ? 'success' : 'error', type).add();
  }
}
