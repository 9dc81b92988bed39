/** One thing that failed: for how long it has to wait, and since when. Times are milliseconds since 1970. */
interface Entry {
  delayMs: number;
  updatedAt: number;
}

/** After this many of its longest waits without a failure, one begins anew. */
const forgottenAfter = 2;
const maxEntries = 10_000;

/** Waits that double with every failure: for crashing containers and for images that cannot be pulled. */
export class BackOffTable {
  readonly #initialMs: number;
  readonly #maximumMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(initialMs: number, maximumMs: number) {
    this.#initialMs = initialMs;
    this.#maximumMs = maximumMs;
  }

  /** How long to wait after something that happened at `since`; 0 when there is nothing to wait for. */
  delayAfter(key: string, since: number): number {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isForgotten(entry, since) ? 0 : entry.delayMs;
  }

  /** One more try: the next one has to wait twice as long, unless the last wait is long ago. */
  record(key: string, since: number, now: number): void {
    const entry = this.#entries.get(key);
    const known = entry !== undefined && !this.#isForgotten(entry, since);
    const delayMs = known ? Math.min(entry.delayMs * 2, this.#maximumMs) : this.#initialMs;
    if (entry === undefined && this.#entries.size >= maxEntries) this.collect(now);
    this.#entries.set(key, { delayMs, updatedAt: now });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** Drops what is forgotten anyway. */
  collect(now: number): void {
    for (const [key, entry] of this.#entries) if (this.#isForgotten(entry, now)) this.#entries.delete(key);
  }

  #isForgotten(entry: Entry, since: number): boolean {
    return since - entry.updatedAt > forgottenAfter * this.#maximumMs;
  }
}
