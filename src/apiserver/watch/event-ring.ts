import { tooOldResourceVersion } from '../../machinery/status-errors.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { CacheEvent } from './cache-event.ts';
import type { PersistentTree } from './persistent-tree.ts';

export interface RingLimits {
  /** This many are kept however old they are. */
  readonly minEvents: number;
  readonly maxEvents: number;
  /** Of stored bytes that the events hold on to. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Five minutes is how long Kubernetes keeps history, so clients expect tokens and versions to live about that long. */
export const defaultRingLimits: RingLimits = {
  minEvents: 128,
  maxEvents: 20_000,
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 5 * 60_000,
};

/** Encoded forms are kept for this many events: every watcher that is not slow has had the older ones. */
const keptEncoded = 256;

/** The recent events of one resource, oldest first: all that happened after `floor`. */
export class EventRing {
  readonly #limits: RingLimits;
  #events: CacheEvent[] = [];
  /** Events before this index have been let go. */
  #start = 0;
  #bytes = 0;
  #floor: number;
  #floorTree: PersistentTree<StoredObject>;

  /** Begins with what there was at the revision `floor`. */
  constructor(floor: number, floorTree: PersistentTree<StoredObject>, limits: RingLimits = defaultRingLimits) {
    this.#floor = floor;
    this.#floorTree = floorTree;
    this.#limits = limits;
  }

  /** History is complete after this revision, and unknown before. */
  get floor(): number {
    return this.#floor;
  }

  get size(): number {
    return this.#events.length - this.#start;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += event.object.bytes.length;
    this.#events[this.#events.length - 1 - keptEncoded]?.dropEncoded();
    while (this.#overfull(event.timeMs)) this.#shift();
    if (this.#start < 1024 || this.#start * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#start);
    this.#start = 0;
  }

  /** Everything after `revision`. Throws Expired when some of it is gone. */
  after(revision: number): readonly CacheEvent[] {
    if (revision < this.#floor) throw tooOldResourceVersion(revision, this.#floor);
    return this.#events.slice(this.#indexAfter(revision));
  }

  /** All objects as they were at `revision`; undefined when that is before the floor. */
  treeAt(revision: number): PersistentTree<StoredObject> | undefined {
    if (revision < this.#floor) return undefined;
    const index = this.#indexAfter(revision) - 1;
    return index < this.#start ? this.#floorTree : this.#events[index]?.tree;
  }

  *[Symbol.iterator](): Iterator<CacheEvent> {
    for (let at = this.#start; at < this.#events.length; at++) yield this.#events[at] as CacheEvent;
  }

  /** The newest event always stays. */
  #overfull(nowMs: number): boolean {
    const { minEvents, maxEvents, maxBytes, maxAgeMs } = this.#limits;
    const oldest = this.#events[this.#start];
    if (oldest === undefined || this.size <= 1) return false;
    if (this.size > maxEvents || this.#bytes > maxBytes) return true;
    return this.size > minEvents && nowMs - oldest.timeMs > maxAgeMs;
  }

  #shift(): void {
    const event = this.#events[this.#start] as CacheEvent;
    this.#floor = event.revision;
    this.#floorTree = event.tree;
    this.#bytes -= event.object.bytes.length;
    (this.#events as (CacheEvent | undefined)[])[this.#start] = undefined;
    this.#start++;
  }

  #indexAfter(revision: number): number {
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
