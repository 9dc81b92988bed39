import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Counter, MetricRegistry } from '../machinery/metrics.ts';
import { isReason, StatusError } from '../machinery/status-error.ts';
import type { Event, EventSource, ObjectReference } from '../resources/schema/core-v1.generated.ts';
import { events } from '../resources/schema/resource-types.generated.ts';
import type { Writer } from './client.ts';
import { type Correlation, EventCorrelator, type Occurrence } from './event-correlator.ts';

/** How components tell users what they did and what went wrong. */
export interface EventRecorder {
  /** Returns at once; whether and when it is written is the recorder's business. */
  event(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface EventRecorderOptions {
  readonly client: Pick<Writer, 'create' | 'patch'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  /** Who tells: `deployment-controller`, and for agents the node. */
  readonly source: EventSource;
  /** How many events may wait to be written; 1,000 unless given. Those beyond are dropped and counted. */
  readonly capacity?: number | undefined;
}

const mostAttempts = 12;
const retryMs = 10_000;
/** What the API allows. */
const longestMessage = 1024;

/** Writes core/v1 events one after the other, those of one kind as a count on the first. */
export class QueuedEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #queue: Occurrence[] = [];
  readonly #stop = new AbortController();
  readonly #dropped: Counter;
  #writing: Promise<void> | undefined;
  #named = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#dropped = options.metrics
      .counter({
        name: 'event_recorder_dropped_total',
        help: 'Events that were not written because too many waited, or because writing them failed',
        labels: ['component'],
      })
      .with(options.source.component ?? '');
  }

  event(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { environment, source, capacity = 1000 } = this.#options;
    if (this.#stop.signal.aborted) return;
    if (this.#queue.length >= capacity) {
      this.#dropped.add();
      return;
    }
    const shortened = message.length > longestMessage ? message.slice(0, longestMessage) : message;
    this.#queue.push({ source, regarding, type, reason, message: shortened, now: environment.now() });
    this.#writing ??= this.#write();
  }

  /** Gives up what is not written yet. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the event recorder was stopped', 'AbortError'));
    this.#queue.length = 0;
    await this.#writing;
  }

  async #write(): Promise<void> {
    // The first event of a burst lets the burst be told before anything is sent.
    await this.#options.environment.turn();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const correlation = this.#correlator.correlate(next);
      if (correlation.action !== 'drop') await this.#send(next, correlation);
    }
    this.#writing = undefined;
  }

  async #send(occurrence: Occurrence, correlation: Exclude<Correlation, { action: 'drop' }>): Promise<void> {
    const { environment, logger } = this.#options;
    const { signal } = this.#stop;
    const event = this.#eventOf(occurrence, correlation);
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.#correlator.written(correlation.key, await this.#put(event, correlation));
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (attempt >= mostAttempts || !isWorthRetrying(error)) {
          this.#dropped.add();
          const level = isReason(error, 'Forbidden') || isReason(error, 'NotFound') ? 'debug' : 'warn';
          logger[level]('an event was not written', {
            reason: occurrence.reason,
            message: occurrence.message,
            err: error,
          });
          return;
        }
        // The first wait differs among components, so that they do not all return to a restarted server at once.
        await environment.sleep(attempt === 1 ? retryMs * environment.random() : retryMs, signal).catch(() => {});
      }
    }
  }

  async #put(event: Event, correlation: Exclude<Correlation, { action: 'drop' }>): Promise<Event> {
    const { client } = this.#options;
    const { signal } = this.#stop;
    if (correlation.action === 'count') {
      const { namespace, name = '' } = correlation.event.metadata;
      const { count, message, lastTimestamp } = event;
      const body = { count, message, lastTimestamp };
      try {
        return await client.patch(events, { namespace, name }, { type: 'strategic', body }, { signal });
      } catch (error) {
        // Its hour is over: begin anew.
        if (!isReason(error, 'NotFound')) throw error;
        this.#correlator.forget(correlation.key);
        return await client.create(
          events,
          { ...event, metadata: { namespace, name: this.#nameOf(event) } },
          { signal },
        );
      }
    }
    return await client.create(events, event, { signal });
  }

  #eventOf(occurrence: Occurrence, correlation: Exclude<Correlation, { action: 'drop' }>): Event {
    const { source, regarding, type, reason, now } = occurrence;
    const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: regarding.namespace ?? 'default', name: '' },
      involvedObject: regarding,
      type,
      reason,
      message: correlation.message,
      source,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: source.component ?? '',
      reportingInstance: source.host ?? '',
    };
    if (correlation.action === 'count') return { ...event, count: correlation.count };
    return { ...event, metadata: { ...event.metadata, name: this.#nameOf(event) } };
  }

  /**
   * The object's name and the time in nanoseconds. What the clock does not tell is counted, so that names are in the order of events,
   * and its last digits are drawn, for recorders do not know of each other.
   */
  #nameOf(event: Event): string {
    const { environment } = this.#options;
    this.#named = (this.#named + 1) % 1000;
    const belowMs = this.#named * 1000 + Math.floor(environment.random() * 1000);
    const nanoseconds = BigInt(Math.floor(environment.now())) * 1_000_000n + BigInt(belowMs);
    return `${event.involvedObject.name ?? ''}.${nanoseconds.toString(16)}`;
  }
}

/** The server could not be reached or was busy; anything else would be answered the same way again. */
function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof StatusError)) return true;
  return error.code === 429 || error.code >= 500;
}
