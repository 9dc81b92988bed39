import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { MetricRegistry } from '../machinery/metrics.ts';
import { isReason } from '../machinery/status-error.ts';
import type { Event, EventSource, ObjectReference } from '../resources/schema/core-v1.generated.ts';
import { events } from '../resources/schema/resource-types.generated.ts';
import type { Writer } from './client.ts';
import { type Correlation, EventCorrelator, type Occurrence } from './event-correlator.ts';
import { EventNames } from './event-names.ts';
import { EventQueue, type WriteEvent } from './event-queue.ts';

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

/** What the API allows. */
const longestMessage = 1024;

/** Writes core/v1 events one after the other, those of one kind as a count on the first. */
export class QueuedEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #queue: EventQueue<Occurrence>;
  readonly #names: EventNames;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#names = new EventNames(options.environment);
    const component = options.source.component ?? '';
    this.#queue = new EventQueue<Occurrence>({ ...options, component }, (occurrence) => this.#writer(occurrence));
  }

  event(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { environment, source } = this.#options;
    const shortened = message.length > longestMessage ? message.slice(0, longestMessage) : message;
    this.#queue.push({ source, regarding, type, reason, message: shortened, now: environment.now() });
  }

  /** Gives up what is not written yet. */
  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  #writer(occurrence: Occurrence): WriteEvent | undefined {
    const correlation = this.#correlator.correlate(occurrence);
    if (correlation.action === 'drop') return undefined;
    const event = this.#eventOf(occurrence, correlation);
    return async (signal) => {
      this.#correlator.written(correlation.key, await this.#put(event, correlation, signal));
    };
  }

  async #put(event: Event, correlation: Exclude<Correlation, { action: 'drop' }>, signal: AbortSignal): Promise<Event> {
    const { client } = this.#options;
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
          { ...event, metadata: { namespace, name: this.#names.next(event.involvedObject.name ?? '') } },
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
    return { ...event, metadata: { ...event.metadata, name: this.#names.next(event.involvedObject.name ?? '') } };
  }
}
