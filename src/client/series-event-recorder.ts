import type { Timer } from '../machinery/environment/environment.ts';
import { isReason } from '../machinery/status-error.ts';
import type { ObjectReference } from '../resources/schema/core-v1.generated.ts';
import type { Event, EventSeries } from '../resources/schema/events-v1.generated.ts';
import { eventsEvents } from '../resources/schema/resource-types.generated.ts';
import type { Writer } from './client.ts';
import { EventNames } from './event-names.ts';
import { EventQueue, type EventQueueOptions, type WriteEvent } from './event-queue.ts';

/** Something that was done about an object, as events.k8s.io/v1 tells it (KEP-383). */
export interface Deed {
  readonly regarding: ObjectReference;
  /** Another object that has to do with it: the pod for which this one was preempted. */
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was done or tried: `Binding`, `Scheduling`, `Preempting`. */
  readonly action: string;
  readonly message: string;
}

/** Tells users by events that know of an action, and that count in series. */
export interface DeedRecorder {
  /** Returns at once; whether and when it is written is the recorder's business. */
  record(deed: Deed): void;
}

export interface SeriesEventRecorderOptions extends EventQueueOptions {
  readonly client: Pick<Writer, 'create' | 'patch'>;
  /** Which of several: `default-scheduler-<host>`. */
  readonly instance: string;
}

/** A series without news for so long is over. */
const finishMs = 6 * 60_000;
/** A series that goes on is written anew after this, so that it outlives its hour. */
const refreshMs = 30 * 60_000;
/** So many matters are remembered, the oldest forgotten first. */
const mostRemembered = 4096;
const longestNote = 1024;

interface Matter {
  readonly event: Event;
  readonly firstMs: number;
  series: { count: number; lastMs: number; writtenMs: number } | undefined;
}

/** Something to write: a new event, or how far a series has come. */
interface Writing {
  readonly matter: Matter;
  readonly series: EventSeries | undefined;
  readonly reason: string;
  readonly message: string;
}

/**
 * Writes events.k8s.io/v1 events. What happens again to the same object, whatever the note says, becomes a series: its second event
 * is written, later ones are counted and written when the series ends, or every half hour.
 */
export class SeriesEventRecorder implements DeedRecorder {
  readonly #options: SeriesEventRecorderOptions;
  readonly #queue: EventQueue<Writing>;
  readonly #names: EventNames;
  readonly #matters = new Map<string, Matter>();
  #sweep: Timer | undefined;

  constructor(options: SeriesEventRecorderOptions) {
    this.#options = options;
    this.#names = new EventNames(options.environment);
    this.#queue = new EventQueue<Writing>(options, (writing) => this.#writer(writing));
  }

  record(deed: Deed): void {
    if (this.#queue.stopped) return;
    const now = this.#options.environment.now();
    const key = keyOf(deed);
    const known = this.#matters.get(key);
    if (known === undefined) {
      const matter = { event: this.#eventOf(deed, now), firstMs: now, series: undefined };
      this.#remember(key, matter);
      this.#write(matter);
    } else if (known.series === undefined) {
      known.series = { count: 2, lastMs: now, writtenMs: now };
      this.#write(known);
    } else {
      known.series.count++;
      known.series.lastMs = now;
    }
  }

  /** Gives up what is not written yet. */
  async stop(): Promise<void> {
    this.#sweep?.cancel();
    await this.#queue.stop();
  }

  #remember(key: string, matter: Matter): void {
    this.#matters.set(key, matter);
    if (this.#matters.size > mostRemembered) {
      const [oldest] = this.#matters.keys();
      if (oldest !== undefined) this.#matters.delete(oldest);
    }
    this.#sweep ??= this.#options.environment.setTimer(finishMs, () => this.#finish());
  }

  /** Ends what has no news, and tells how far long series have come. */
  #finish(): void {
    const now = this.#options.environment.now();
    for (const [key, matter] of this.#matters) {
      const { series, firstMs } = matter;
      const over = (series?.lastMs ?? firstMs) <= now - finishMs;
      if (over) this.#matters.delete(key);
      if (series === undefined || (!over && series.writtenMs > now - refreshMs)) continue;
      series.writtenMs = now;
      this.#write(matter);
    }
    const going = this.#matters.size > 0;
    this.#sweep = going ? this.#options.environment.setTimer(finishMs, () => this.#finish()) : undefined;
  }

  #write(matter: Matter): void {
    const { event, series } = matter;
    this.#queue.push({
      matter,
      series: series && { count: series.count, lastObservedTime: microTime(series.lastMs) },
      reason: event.reason ?? '',
      message: event.note ?? '',
    });
  }

  #writer({ matter, series }: Writing): WriteEvent {
    const { client } = this.#options;
    const { event } = matter;
    const { namespace, name = '' } = event.metadata;
    return async (signal) => {
      if (series !== undefined) {
        try {
          await client.patch(eventsEvents, { namespace, name }, { type: 'strategic', body: { series } }, { signal });
          return;
        } catch (error) {
          // Its hour is over, or its first event never arrived: the series begins with what is known.
          if (!isReason(error, 'NotFound')) throw error;
        }
      }
      await client.create(eventsEvents, series === undefined ? event : { ...event, series }, { signal });
    };
  }

  #eventOf({ regarding, related, type, reason, action, message }: Deed, now: number): Event {
    const { component, instance } = this.#options;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: regarding.namespace ?? 'default', name: this.#names.next(regarding.name ?? '') },
      eventTime: microTime(now),
      reportingController: component,
      reportingInstance: instance,
      action,
      reason,
      regarding,
      ...(related !== undefined && { related }),
      note: message.slice(0, longestNote),
      type,
    };
  }
}

function keyOf({ regarding, related, type, reason, action }: Deed): string {
  return JSON.stringify([type, action, reason, identity(regarding), related && identity(related)]);
}

function identity({ kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath }: ObjectReference): unknown {
  return [kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath];
}

function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
