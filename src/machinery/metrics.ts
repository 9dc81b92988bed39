/** Label values in the order in which the metric declared its label names. */
export type LabelValues = readonly string[];

export interface Counter {
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

export interface MetricOptions {
  /** Prometheus name, unit as suffix: `apiserver_request_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A metric with labels: `with(...values)` binds once, outside the hot path. */
export interface Family<M> {
  with(...values: LabelValues): M;
}

/** What every component registers its metrics with; bound to prom-client in the composition root. */
export interface MetricRegistry {
  counter(options: MetricOptions): Family<Counter>;
  gauge(options: MetricOptions): Family<Gauge>;
  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Family<Histogram>;
}

/** `count` bounds of a histogram, each so many times the one before. */
export function exponentialBuckets(start: number, factor: number, count: number): readonly number[] {
  const buckets = [start];
  while (buckets.length < count) buckets.push((buckets.at(-1) ?? 0) * factor);
  return buckets;
}

const nothing: Counter & Gauge & Histogram = { add() {}, set() {}, observe() {} };
const family = { with: () => nothing };

/** Counts nothing: for tests. */
export const silentMetrics: MetricRegistry = {
  counter: () => family,
  gauge: () => family,
  histogram: () => family,
};
