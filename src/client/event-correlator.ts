import type { Event, EventSource, ObjectReference } from '../resources/schema/core-v1.generated.ts';

/** What a component has to tell, before it is known whether it is news. */
export interface Occurrence {
  readonly source: EventSource;
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What has become of an occurrence. */
export type Correlation =
  | { readonly action: 'drop' }
  | { readonly action: 'create'; readonly key: string; readonly message: string }
  | {
      readonly action: 'count';
      readonly key: string;
      readonly message: string;
      readonly count: number;
      readonly event: Event;
    };

/** So many kinds of occurrence are remembered, the oldest forgotten first. */
const cacheSize = 4096;
/** More different messages than this about one matter within `similarWithinMs` become one event. */
const mostSimilar = 10;
const similarWithinMs = 10 * 60 * 1000;
/** Each source may tell this much about one object at once ... */
const burst = 25;
/** ... and then one more event in this time. */
const refillMs = 300 * 1000;

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  lastMs: number;
}

/**
 * Decides which occurrences become events, which raise the count of one that exists and which are too many: the rules by
 * which Kubernetes' components keep repeated events from flooding the API server. Pure state, no I/O.
 */
export class EventCorrelator {
  readonly #similar = new Recent<Similar>(cacheSize);
  readonly #known = new Recent<{ count: number; event: Event | undefined }>(cacheSize);
  readonly #buckets = new Recent<Bucket>(cacheSize);

  correlate(occurrence: Occurrence): Correlation {
    const { key, message } = this.#aggregate(occurrence);
    const known = this.#known.get(key) ?? { count: 0, event: undefined };
    known.count += 1;
    this.#known.set(key, known);
    if (!this.#admit(occurrence)) return { action: 'drop' };
    return known.event === undefined
      ? { action: 'create', key, message }
      : { action: 'count', key, message, count: known.count, event: known.event };
  }

  /** The event as the server keeps it now, so that the next of its kind raises its count. */
  written(key: string, event: Event): void {
    this.#known.set(key, { count: event.count ?? 1, event });
  }

  /** The server no longer has it. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  #aggregate(occurrence: Occurrence): { readonly key: string; readonly message: string } {
    const { source, regarding, type, reason, message, now } = occurrence;
    const matter = [source.component, source.host, ...identityOf(regarding), type, reason].join('\n');
    const similar = this.#similar.get(matter) ?? { messages: new Set(), lastMs: now };
    if (now - similar.lastMs > similarWithinMs) similar.messages.clear();
    similar.messages.add(message);
    similar.lastMs = now;
    this.#similar.set(matter, similar);
    if (similar.messages.size < mostSimilar)
      return { key: [matter, regarding.fieldPath ?? '', message].join('\n'), message };
    const [oldest] = similar.messages;
    if (oldest !== undefined) similar.messages.delete(oldest);
    return { key: matter, message: `(combined from similar events): ${message}` };
  }

  #admit({ source, regarding, now }: Occurrence): boolean {
    const key = [source.component, source.host, ...identityOf(regarding)].join('\n');
    const bucket = this.#buckets.get(key) ?? { tokens: burst, lastMs: now };
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.lastMs) / refillMs);
    bucket.lastMs = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function identityOf({ kind, namespace, name, uid, apiVersion }: ObjectReference): readonly string[] {
  return [kind ?? '', namespace ?? '', name ?? '', uid ?? '', apiVersion ?? ''];
}

/** A map that forgets what was set longest ago. */
class Recent<V> {
  readonly #size: number;
  readonly #values = new Map<string, V>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#size) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
