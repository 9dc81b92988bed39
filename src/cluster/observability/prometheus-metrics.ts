import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Family, MetricOptions, MetricRegistry } from '../../machinery/metrics.ts';
import { measureProcess } from './process-metrics.ts';

/** Metrics in a Prometheus registry. A metric that is asked for twice is the same one. */
export class PrometheusMetrics implements MetricRegistry {
  readonly #registry = new Registry();

  /** With what the process itself takes of the machine. */
  static ofProcess(clock: Pick<Environment, 'now'>): PrometheusMetrics {
    const metrics = new PrometheusMetrics();
    measureProcess(metrics.#registry, clock);
    return metrics;
  }

  counter(options: MetricOptions): Family<{ add(amount?: number): void }> {
    const metric = this.#single(options.name, () => new Counter({ ...this.#common(options) })) as Counter;
    return {
      with: (...values) => {
        const bound = metric.labels(...values);
        return { add: (amount = 1) => bound.inc(amount) };
      },
    };
  }

  gauge(options: MetricOptions): Family<{ set(value: number): void; add(amount: number): void }> {
    const metric = this.#single(options.name, () => new Gauge({ ...this.#common(options) })) as Gauge;
    return {
      with: (...values) => {
        const bound = metric.labels(...values);
        return { set: (value) => bound.set(value), add: (amount) => bound.inc(amount) };
      },
    };
  }

  histogram(
    options: MetricOptions & { readonly buckets: readonly number[] },
  ): Family<{ observe(value: number): void }> {
    const make = () => new Histogram({ ...this.#common(options), buckets: [...options.buckets] });
    const metric = this.#single(options.name, make) as Histogram;
    return {
      with: (...values) => {
        const bound = metric.labels(...values);
        return { observe: (value) => bound.observe(value) };
      },
    };
  }

  /** The text exposition format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #single(name: string, make: () => Counter | Gauge | Histogram): unknown {
    return this.#registry.getSingleMetric(name) ?? make();
  }

  #common({ name, help, labels = [] }: MetricOptions) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
