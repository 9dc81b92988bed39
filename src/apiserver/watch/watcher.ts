import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { tooManyRequests } from '../../machinery/status-errors.ts';
import type { CacheEvent } from './cache-event.ts';
import { transition, type WatchFilter, type WatchItem } from './watch-filter.ts';

export interface WatcherOptions {
  readonly environment: Environment;
  readonly filter: WatchFilter;
  /** What comes before the live events; undefined: nothing was found for a while, and others should be let in. */
  readonly initial: Iterable<WatchItem | undefined>;
  /** Live events up to this revision have been seen, or are not wanted. */
  readonly after: number;
  /** Live events that may wait for a slow reader. */
  readonly bufferLimit: number;
  readonly allowBookmarks: boolean;
  readonly timeoutMs: number;
  /** Called a moment before its time is up, for a last bookmark; not where it has less time than that. */
  readonly onLastMoment: (watcher: Watcher) => void;
  readonly signal?: AbortSignal | undefined;
  readonly onClose: (watcher: Watcher, isSlow: boolean) => void;
}

/** The last bookmark comes so long before the end: whoever watches on begins there. */
const lastMomentMs = 2_000;
/** After so many items without having had to wait, others are let in. */
const itemsPerTurn = 256;

/**
 * One watch: a bounded buffer between the cache, which pushes, and a reader, who pulls. It ends when its time is up, when its
 * reader leaves or is too slow, and when the resource goes away.
 */
export class Watcher {
  readonly filter: WatchFilter;
  readonly allowBookmarks: boolean;
  readonly #options: WatcherOptions;
  #timer: Timer;
  #initial: Iterator<WatchItem | undefined> | undefined;
  #buffer: WatchItem[] = [];
  #next = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  #sinceTurn = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.filter = options.filter;
    this.allowBookmarks = options.allowBookmarks;
    this.#initial = options.initial[Symbol.iterator]();
    this.#timer = this.#setTimer();
    options.signal?.addEventListener('abort', this.#abort, { once: true });
    if (options.signal?.aborted === true) this.end();
  }

  #setTimer(): Timer {
    const { environment, timeoutMs, allowBookmarks, onLastMoment } = this.#options;
    if (!allowBookmarks || timeoutMs <= lastMomentMs) return environment.setTimer(timeoutMs, () => this.end());
    return environment.setTimer(timeoutMs - lastMomentMs, () => {
      this.#timer = environment.setTimer(lastMomentMs, () => this.end());
      onLastMoment(this);
    });
  }

  readonly #abort = (): void => {
    this.#discard();
    this.end();
  };

  get ended(): boolean {
    return this.#ended;
  }

  /** Waiting live events. */
  get buffered(): number {
    return this.#buffer.length - this.#next;
  }

  /** Called by the cache for every change in this watcher's scope. */
  push(event: CacheEvent): void {
    if (event.revision <= this.#options.after) return;
    const item = transition(this.filter, event);
    if (item !== undefined) this.#add(item);
  }

  /** Says that everything up to `revision` has been sent, if this watcher wants to know and has nothing waiting. */
  bookmark(revision: number): void {
    if (!this.allowBookmarks || this.#initial !== undefined || this.buffered > 0) return;
    this.#add({ type: 'BOOKMARK', revision, initialEventsEnd: false });
  }

  /** The next item, or undefined at the end. One reader at a time. */
  async next(): Promise<WatchItem | undefined> {
    for (;;) {
      const item = this.take();
      if (item !== undefined) {
        if (++this.#sinceTurn < itemsPerTurn) return item;
        this.#sinceTurn = 0;
        await this.#options.environment.turn();
        return item;
      }
      if (this.#initial !== undefined) {
        await this.#options.environment.turn();
        continue;
      }
      if (this.#ended) return undefined;
      this.#sinceTurn = 0;
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
  }

  /** The next item, if one is there already. */
  take(): WatchItem | undefined {
    if (this.#initial !== undefined) {
      const { done, value } = this.#initial.next();
      if (done !== true) return value;
      this.#initial = undefined;
    }
    const item = this.#buffer[this.#next];
    if (item === undefined) return undefined;
    this.#next++;
    if (this.#next === this.#buffer.length) {
      this.#buffer = [];
      this.#next = 0;
    }
    return item;
  }

  /** No more is accepted; what waits can still be read, and `error` after it. */
  end(error?: StatusError): void {
    if (this.#ended) return;
    this.#ended = true;
    if (error !== undefined) this.#buffer.push({ type: 'ERROR', error });
    this.#timer.cancel();
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#options.onClose(this, error !== undefined);
    this.#wakeReader();
  }

  /** The reader has left. */
  close(): void {
    this.#discard();
    this.end();
  }

  #add(item: WatchItem): void {
    if (this.#ended) return;
    if (this.buffered >= this.#options.bufferLimit) {
      this.#discard();
      this.end(tooManyRequests('the watch was ended because its events were not read fast enough', 1));
      return;
    }
    this.#buffer.push(item);
    this.#wakeReader();
  }

  #discard(): void {
    this.#initial = undefined;
    this.#buffer = [];
    this.#next = 0;
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
