import { type Counter, exponentialBuckets, type Family, type Histogram } from '../../machinery/metrics.ts';
import { type KubeletFamilies, usualSeconds } from './kubelet-families.ts';

/** What the calls of a container runtime are counted and measured by. */
export class RuntimeMetrics {
  readonly #operations: Family<Counter>;
  readonly #errors: Family<Counter>;
  readonly #seconds: Family<Histogram>;
  readonly #sandboxSeconds: Family<Histogram>;
  readonly #sandboxErrors: Family<Counter>;

  constructor(families: KubeletFamilies) {
    this.#operations = families.counter(
      'runtime_operations_total',
      'Calls of the container runtime by operation',
      'operation_type',
    );
    this.#errors = families.counter(
      'runtime_operations_errors_total',
      'Calls of the container runtime that failed, by operation',
      'operation_type',
    );
    this.#seconds = families.histogram(
      'runtime_operations_duration_seconds',
      'How long calls of the container runtime take, by operation',
      exponentialBuckets(0.005, 2.5, 14),
      'operation_type',
    );
    this.#sandboxSeconds = families.histogram(
      'run_podsandbox_duration_seconds',
      'How long it takes to start the sandbox of a pod, by the handler of its RuntimeClass',
      usualSeconds,
      'runtime_handler',
    );
    this.#sandboxErrors = families.counter(
      'run_podsandbox_errors_total',
      'Sandboxes that could not be started, by the handler of their RuntimeClass',
      'runtime_handler',
    );
  }

  began(operation: string): void {
    this.#operations.with(operation).add();
  }

  ended(operation: string, durationMs: number, failed: boolean): void {
    if (failed) this.#errors.with(operation).add();
    this.#seconds.with(operation).observe(durationMs / 1000);
  }

  sandboxEnded(handler: string, durationMs: number, failed: boolean): void {
    if (failed) this.#sandboxErrors.with(handler).add();
    this.#sandboxSeconds.with(handler).observe(durationMs / 1000);
  }
}
