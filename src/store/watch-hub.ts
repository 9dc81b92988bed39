import type { Environment, Timer } from '../machinery/environment/environment.ts';
import { CompactedError, type StoreEvent, type WatchHandle, type WatchSink } from './store.ts';

interface Watcher {
  readonly start: string;
  readonly end: string;
  readonly sink: WatchSink;
  /** Live events that arrived while history was still being read; undefined once the watcher has caught up. */
  backlog: StoreEvent[] | undefined;
}

/** How often watchers learn that nothing has changed, in milliseconds. */
const progressIntervalMs = 5_000;
/** A watcher that is still reading history may fall this far behind before it is ended. */
const backlogLimit = 100_000;

/**
 * Hands committed events to those who watch, in order and without gaps. Both drivers share it; they differ only in where
 * history comes from.
 */
export class WatchHub {
  readonly #environment: Environment;
  readonly #watchers = new Set<Watcher>();
  #revision: number;
  #timer: Timer | undefined;
  #closed = false;

  constructor(environment: Environment, revision: number) {
    this.#environment = environment;
    this.#revision = revision;
  }

  /** The newest revision whose events have been handed out. */
  get revision(): number {
    return this.#revision;
  }

  /** `events` are those of whole transactions up to `revision`. */
  dispatch(revision: number, events: readonly StoreEvent[]): void {
    this.#revision = revision;
    if (events.length === 0) return;
    for (const watcher of this.#watchers) {
      const own = events.filter((event) => concerns(watcher, event));
      if (own.length > 0) this.#deliver(watcher, own);
    }
  }

  /**
   * `history` answers the events after `fromRevision` up to a revision at or after the one at which it was called; newer ones that
   * it also holds are dropped here, for they are in the backlog.
   */
  async watch(
    start: string,
    end: string,
    sink: WatchSink,
    history: () => Promise<readonly StoreEvent[]> | readonly StoreEvent[],
  ): Promise<WatchHandle> {
    const watcher: Watcher = { start, end, sink, backlog: [] };
    this.#watchers.add(watcher);
    const joinedAt = this.#revision;
    try {
      const past = history();
      const missed = (past instanceof Promise ? await past : past).filter(
        (event) => revisionOf(event) <= joinedAt && concerns(watcher, event),
      );
      if (this.#watchers.has(watcher)) this.#catchUp(watcher, missed);
    } catch (error) {
      this.#watchers.delete(watcher);
      throw error;
    }
    this.#armProgress();
    return { cancel: () => void this.#watchers.delete(watcher) };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const watcher of [...this.#watchers]) this.#end(watcher, undefined);
  }

  #deliver(watcher: Watcher, events: readonly StoreEvent[]): void {
    if (watcher.backlog === undefined) {
      watcher.sink.events(events);
      return;
    }
    watcher.backlog.push(...events);
    if (watcher.backlog.length > backlogLimit) this.#end(watcher, new CompactedError(this.#revision));
  }

  #catchUp(watcher: Watcher, missed: readonly StoreEvent[]): void {
    const backlog = watcher.backlog ?? [];
    watcher.backlog = undefined;
    if (missed.length > 0) watcher.sink.events(missed);
    if (backlog.length > 0) watcher.sink.events(backlog);
    if (this.#closed) this.#end(watcher, undefined);
  }

  #end(watcher: Watcher, error: Error | undefined): void {
    if (this.#watchers.delete(watcher)) watcher.sink.closed(error);
  }

  /** One timer for all watchers, and none while nobody watches. */
  #armProgress(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#environment.setTimer(progressIntervalMs, () => {
      this.#timer = undefined;
      for (const watcher of this.#watchers) {
        if (watcher.backlog === undefined) watcher.sink.progress(this.#revision);
      }
      if (this.#watchers.size > 0) this.#armProgress();
    });
  }
}

function concerns(watcher: Watcher, event: StoreEvent): boolean {
  const key = keyOf(event);
  return key >= watcher.start && key < watcher.end;
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}

/** The revision of the transaction that an event belongs to. */
export function revisionOf(event: StoreEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.revision;
}
