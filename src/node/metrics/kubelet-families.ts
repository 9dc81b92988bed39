import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '../../machinery/metrics.ts';

/** The seconds that most of a kubelet's histograms are divided at. */
export const usualSeconds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics under the names of a kubelet's, which all begin alike. */
export class KubeletFamilies {
  readonly #registry: MetricRegistry;

  constructor(registry: MetricRegistry) {
    this.#registry = registry;
  }

  counter(name: string, help: string, ...labels: readonly string[]): Family<Counter> {
    return this.#registry.counter({ name: `kubelet_${name}`, help, labels });
  }

  gauge(name: string, help: string, ...labels: readonly string[]): Family<Gauge> {
    return this.#registry.gauge({ name: `kubelet_${name}`, help, labels });
  }

  histogram(name: string, help: string, buckets: readonly number[], ...labels: readonly string[]): Family<Histogram> {
    return this.#registry.histogram({ name: `kubelet_${name}`, help, labels, buckets });
  }
}
