import type { Environment, Timer } from '../machinery/environment/environment.ts';
import type { Counter, Gauge, Histogram, MetricRegistry } from '../machinery/metrics.ts';

export interface WorkQueueOptions {
  /** The `name` label of its metrics. */
  readonly name: string;
  readonly environment: Environment;
  readonly metrics: MetricRegistry;
  /** How many keys may wait at once, those that are delayed included; 100,000 unless given. */
  readonly capacity?: number | undefined;
  /** Delay after the first failure of a key, doubled by each that follows; 5 ms unless given. */
  readonly baseDelayMs?: number | undefined;
  /**
   * The longest delay between two tries; a minute unless given. Kubernetes' own controllers go up to 1,000 s, which keeps
   * a cluster ill long after its API server is back.
   */
  readonly maximumDelayMs?: number | undefined;
}

interface Delayed {
  readonly dueMs: number;
  readonly timer: Timer;
}

const unfinishedWorkIntervalMs = 5_000;

/**
 * Keys that wait for work. A key is in the queue once, however often it is added; one that is being worked on is not handed out
 * a second time, and when it was added meanwhile it comes again afterwards.
 */
export class WorkQueue {
  readonly #environment: Environment;
  readonly #capacity: number;
  readonly #baseDelayMs: number;
  readonly #maximumDelayMs: number;
  readonly #metrics: WorkQueueMetrics;
  /** Waiting keys in order, with the time since when they wait. */
  readonly #waiting = new Map<string, number>();
  /** Keys being worked on, with the time since when. */
  readonly #processing = new Map<string, number>();
  /** Added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #unfinishedWork: Timer | undefined;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#environment = options.environment;
    this.#capacity = options.capacity ?? 100_000;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maximumDelayMs = options.maximumDelayMs ?? 60_000;
    this.#metrics = workQueueMetrics(options.metrics, options.name);
  }

  /** How many keys wait, those that are delayed or worked on aside. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Whether a key that is not known yet would be taken. */
  get hasRoom(): boolean {
    return !this.#closed && this.#waiting.size + this.#delayed.size + this.#again.size < this.#capacity;
  }

  /** Whether nothing waits, now or later, and nothing is being worked on. */
  get idle(): boolean {
    return this.#waiting.size + this.#processing.size + this.#delayed.size === 0;
  }

  /** False when the queue is full or shut down and the key was not taken: whoever adds has to look again later. */
  add(key: string): boolean {
    if (this.#closed) return false;
    if (this.#waiting.has(key) || this.#again.has(key)) return true;
    if (!this.hasRoom) return false;
    this.#metrics.adds.add();
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return true;
    }
    this.#waiting.set(key, this.#environment.monotonic());
    this.#metrics.depth.set(this.#waiting.size);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(this.#handOut());
    return true;
  }

  /** Adds the key later; of several times asked for, the earliest counts. */
  addAfter(key: string, delayMs: number): boolean {
    if (this.#closed) return false;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#environment.monotonic() + delayMs;
    const existing = this.#delayed.get(key);
    if (existing !== undefined && existing.dueMs <= dueMs) return true;
    if (existing === undefined && !this.hasRoom) return false;
    existing?.timer.cancel();
    const timer = this.#environment.setTimer(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
    return true;
  }

  /** Adds the key after a delay that grows with each call until it is forgotten. */
  addRateLimited(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.retries.add();
    return this.addAfter(key, Math.min(this.#maximumDelayMs, this.#baseDelayMs * 2 ** failures));
  }

  /** The key went well: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, which is then the caller's until `done`; undefined once the queue was shut down. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    if (this.#waiting.size > 0) return Promise.resolve(this.#handOut());
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    const sinceMs = this.#processing.get(key);
    if (sinceMs === undefined) return;
    this.#processing.delete(key);
    this.#metrics.workDuration.observe((this.#environment.monotonic() - sinceMs) / 1000);
    if (this.#again.delete(key)) this.#requeue(key);
  }

  /** Forgets what waits and lets every taker go. What is being worked on is not disturbed. */
  shutDown(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    this.#unfinishedWork?.cancel();
    this.#metrics.depth.set(0);
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #requeue(key: string): void {
    if (this.#closed) return;
    this.#waiting.set(key, this.#environment.monotonic());
    this.#metrics.depth.set(this.#waiting.size);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(this.#handOut());
  }

  #handOut(): string | undefined {
    const next = this.#waiting.entries().next();
    if (next.done === true) return undefined;
    const [key, sinceMs] = next.value;
    const nowMs = this.#environment.monotonic();
    this.#waiting.delete(key);
    this.#processing.set(key, nowMs);
    this.#metrics.depth.set(this.#waiting.size);
    this.#metrics.queueDuration.observe((nowMs - sinceMs) / 1000);
    this.#unfinishedWork ??= this.#measureUnfinishedWork();
    return key;
  }

  /** While something is being worked on, says how long it has been. */
  #measureUnfinishedWork(): Timer {
    return this.#environment.setTimer(unfinishedWorkIntervalMs, () => {
      const nowMs = this.#environment.monotonic();
      const seconds = [...this.#processing.values()].map((sinceMs) => (nowMs - sinceMs) / 1000);
      this.#metrics.unfinishedWork.set(seconds.reduce((sum, each) => sum + each, 0));
      this.#metrics.longestRunning.set(Math.max(0, ...seconds));
      this.#unfinishedWork = seconds.length > 0 ? this.#measureUnfinishedWork() : undefined;
    });
  }
}

interface WorkQueueMetrics {
  readonly depth: Gauge;
  readonly adds: Counter;
  readonly retries: Counter;
  readonly queueDuration: Histogram;
  readonly workDuration: Histogram;
  readonly unfinishedWork: Gauge;
  readonly longestRunning: Gauge;
}

/** The names and meanings are Kubernetes', so that its dashboards fit. */
function workQueueMetrics(registry: MetricRegistry, name: string): WorkQueueMetrics {
  const labels = ['name'];
  const buckets = Array.from({ length: 12 }, (_, power) => 1e-8 * 10 ** power);
  const of = (suffix: string, help: string) => ({ name: `workqueue_${suffix}`, help, labels });
  return {
    depth: registry.gauge(of('depth', 'Keys that wait in the queue')).with(name),
    adds: registry.counter(of('adds_total', 'Keys taken into the queue')).with(name),
    retries: registry.counter(of('retries_total', 'Keys taken in again after a failure')).with(name),
    queueDuration: registry
      .histogram({ ...of('queue_duration_seconds', 'How long a key waited before it was worked on'), buckets })
      .with(name),
    workDuration: registry
      .histogram({ ...of('work_duration_seconds', 'How long the work on a key took'), buckets })
      .with(name),
    unfinishedWork: registry
      .gauge(of('unfinished_work_seconds', 'How long all unfinished work has been going on together'))
      .with(name),
    longestRunning: registry
      .gauge(of('longest_running_processor_seconds', 'How long the oldest unfinished work has been going on'))
      .with(name),
  };
}
