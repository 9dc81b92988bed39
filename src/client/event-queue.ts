import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Counter, MetricRegistry } from '../machinery/metrics.ts';
import { isReason, StatusError } from '../machinery/status-error.ts';

export interface EventQueueOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  /** Who tells, for the metric. */
  readonly component: string;
  /** How many events may wait to be written; 1,000 unless given. Those beyond are dropped and counted. */
  readonly capacity?: number | undefined;
}

/** Writes one event; called again when it failed for a reason that may pass. */
export type WriteEvent = (signal: AbortSignal) => Promise<void>;

interface Told {
  readonly reason: string;
  readonly message: string;
}

const mostAttempts = 12;
const retryMs = 10_000;

/** Events that wait to be written, one after the other. Nobody who tells something waits for it to be stored. */
export class EventQueue<T extends Told> {
  readonly #options: EventQueueOptions;
  readonly #prepare: (told: T) => WriteEvent | undefined;
  readonly #waiting: T[] = [];
  readonly #stop = new AbortController();
  readonly #dropped: Counter;
  #writing: Promise<void> | undefined;

  /** `prepare` is called once for each, when its turn has come; undefined: there is nothing to write. */
  constructor(options: EventQueueOptions, prepare: (told: T) => WriteEvent | undefined) {
    this.#options = options;
    this.#prepare = prepare;
    this.#dropped = options.metrics
      .counter({
        name: 'event_recorder_dropped_total',
        help: 'Events that were not written because too many waited, or because writing them failed',
        labels: ['component'],
      })
      .with(options.component);
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  push(told: T): void {
    if (this.stopped) return;
    if (this.#waiting.length >= (this.#options.capacity ?? 1000)) {
      this.#dropped.add();
      return;
    }
    this.#waiting.push(told);
    this.#writing ??= this.#write();
  }

  /** Gives up what is not written yet. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the event recorder was stopped', 'AbortError'));
    this.#waiting.length = 0;
    await this.#writing;
  }

  async #write(): Promise<void> {
    // The first event of a burst lets the burst be told before anything is sent.
    await this.#options.environment.turn();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const write = this.#prepare(next);
      if (write !== undefined) await this.#send(next, write);
    }
    this.#writing = undefined;
  }

  async #send({ reason, message }: T, write: WriteEvent): Promise<void> {
    const { environment, logger } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await write(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (attempt >= mostAttempts || !isWorthRetrying(error)) {
          this.#dropped.add();
          const level = isReason(error, 'Forbidden') || isReason(error, 'NotFound') ? 'debug' : 'warn';
          logger[level]('an event was not written', { reason, message, err: error });
          return;
        }
        // The first wait differs among components, so that they do not all return to a restarted server at once.
        await environment.sleep(attempt === 1 ? retryMs * environment.random() : retryMs, signal).catch(() => {});
      }
    }
  }
}

/** The server could not be reached or was busy; anything else would be answered the same way again. */
function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof StatusError)) return true;
  return error.code === 429 || error.code >= 500;
}
