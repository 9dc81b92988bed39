import { WorkQueue } from '../../client/work-queue.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Counter, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import type { Controller, ControllerWatch } from './controller.ts';

export interface ControllerRunnerOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  /** How many keys may wait; see `WorkQueue`. */
  readonly queueCapacity?: number | undefined;
}

/** A controller at work, from its making until `stop`. */
export class ControllerRunner {
  readonly #controller: Controller;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  readonly #stop = new AbortController();
  /** Those that are attached, each with how to end it. */
  readonly #watches = new Map<ControllerWatch, () => void>();
  readonly #unfollow: (() => void) | undefined;
  readonly #running: Promise<void>;
  readonly #metrics: RunnerMetrics;
  /** Keys that are left alone, until when by the monotonic clock. */
  readonly #resting = new Map<string, number>();
  /** Keys were turned away by a full queue: everything is looked at again, in portions, once it is empty. */
  #overflowed = false;
  /** What is left of looking at everything. */
  #remaining: Iterator<string> | undefined;

  constructor(controller: Controller, options: ControllerRunnerOptions) {
    this.#controller = controller;
    this.#environment = options.environment;
    this.#logger = options.logger.child({ controller: controller.name });
    this.#metrics = runnerMetrics(options.metrics, controller.name);
    this.#queue = new WorkQueue({
      name: controller.name,
      environment: options.environment,
      metrics: options.metrics,
      capacity: options.queueCapacity,
    });
    for (const key of controller.initialKeys ?? []) this.#enqueue(key);
    for (const watch of controller.watches) this.#attach(watch);
    this.#unfollow = controller.follow?.({
      attach: (watch) => this.#attach(watch),
      enqueue: (key) => this.#enqueue(key),
    });
    this.#running = this.#run();
  }

  /** Whether there is nothing to do, now or later. */
  get idle(): boolean {
    return this.#queue.idle;
  }

  /** Resolves when no reconcile is running any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException(`the controller ${this.#controller.name} was stopped`, 'AbortError'));
    this.#unfollow?.();
    for (const remove of this.#watches.values()) remove();
    this.#queue.shutDown();
    await this.#running;
  }

  #attach(watch: ControllerWatch): () => void {
    const told = (change: Parameters<ControllerWatch['mapToKeys']>[0]) => {
      for (const key of watch.mapToKeys(change)) this.#enqueue(key);
    };
    const remove = watch.informer.addHandler({
      added: (object) => told({ type: 'added', object }),
      updated: (object, old) => told({ type: 'updated', object, old }),
      deleted: (object) => told({ type: 'deleted', object }),
    });
    this.#watches.set(watch, remove);
    return () => {
      this.#watches.delete(watch);
      remove();
    };
  }

  #enqueue(key: string): void {
    if (this.#queue.add(key) || this.#stop.signal.aborted) return;
    if (!this.#overflowed)
      this.#logger.warn('the work queue is full; everything will be looked at again once it is empty');
    this.#overflowed = true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      await Promise.all(this.#controller.watches.map((watch) => watch.informer.synced(signal)));
    } catch {
      return;
    }
    const { concurrency = 5 } = this.#controller;
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      // Clients of the same process may answer without ever yielding: let others in.
      await this.#environment.turn();
      const restMs = this.#restLeftMs(key);
      if (restMs === 0 && !signal.aborted) await this.#reconcile(key, signal);
      this.#queue.done(key);
      if (restMs > 0 && !this.#queue.addAfter(key, restMs)) this.#overflowed = true;
      if (this.#queue.length === 0) this.#refill();
    }
  }

  #restLeftMs(key: string): number {
    const untilMs = this.#resting.get(key);
    if (untilMs === undefined) return 0;
    const leftMs = untilMs - this.#environment.monotonic();
    if (leftMs > 0) return leftMs;
    this.#resting.delete(key);
    return 0;
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const startedMs = this.#environment.monotonic();
    try {
      const result = await this.#controller.reconcile(key, signal);
      this.#queue.forget(key);
      const { requeueAfterMs, restMs = 0 } = result ?? {};
      if (restMs > 0) this.#resting.set(key, this.#environment.monotonic() + restMs);
      if (requeueAfterMs !== undefined && !this.#queue.addAfter(key, requeueAfterMs)) this.#overflowed = true;
    } catch (error) {
      if (signal.aborted) return;
      this.#afterError(key, error);
    } finally {
      this.#metrics.duration.observe((this.#environment.monotonic() - startedMs) / 1000);
    }
  }

  /** The one place that says what becomes of a key whose reconcile failed. */
  #afterError(key: string, error: unknown): void {
    const verdict = verdictOf(error);
    if (verdict === 'drop') {
      this.#logger.debug('given up, the namespace is going away', { key, err: error });
      this.#queue.forget(key);
      return;
    }
    if (verdict === 'race') this.#logger.debug('reconcile met a newer state, will retry', { key, err: error });
    else {
      this.#metrics.errors.add();
      this.#logger.warn('reconcile failed, will retry', { key, failures: this.#queue.failures(key) + 1, err: error });
    }
    const retryAfterSeconds = error instanceof StatusError ? (error.status.details?.retryAfterSeconds ?? 0) : 0;
    const taken =
      retryAfterSeconds > 0 ? this.#queue.addAfter(key, retryAfterSeconds * 1000) : this.#queue.addRateLimited(key);
    if (!taken) this.#overflowed = true;
  }

  #refill(): void {
    if (this.#remaining === undefined) {
      if (!this.#overflowed) return;
      this.#overflowed = false;
      this.#remaining = this.#everyKey();
    }
    while (this.#queue.hasRoom) {
      const next = this.#remaining.next();
      if (next.done === true) {
        this.#remaining = undefined;
        return;
      }
      this.#queue.add(next.value);
    }
  }

  *#everyKey(): Iterator<string> {
    yield* this.#controller.initialKeys ?? [];
    for (const { informer, mapToKeys } of this.#watches.keys()) {
      for (const object of informer.list()) yield* mapToKeys({ type: 'updated', object, old: object });
    }
  }
}

/**
 * `drop`: no retry can help. `race`: the caches were behind, a retry soon will see. `retry`: something is wrong and may pass.
 */
function verdictOf(error: unknown): 'drop' | 'race' | 'retry' {
  if (!(error instanceof StatusError)) return 'retry';
  if (error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating')) return 'drop';
  if (isReason(error, 'Conflict') || isReason(error, 'NotFound') || isReason(error, 'AlreadyExists')) return 'race';
  return 'retry';
}

interface RunnerMetrics {
  readonly duration: Histogram;
  readonly errors: Counter;
}

function runnerMetrics(registry: MetricRegistry, name: string): RunnerMetrics {
  const labels = ['controller'];
  return {
    duration: registry
      .histogram({
        name: 'controller_reconcile_duration_seconds',
        help: 'How long one reconcile took',
        labels,
        buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      })
      .with(name),
    errors: registry
      .counter({ name: 'controller_reconcile_errors_total', help: 'Reconciles that failed and were retried', labels })
      .with(name),
  };
}
