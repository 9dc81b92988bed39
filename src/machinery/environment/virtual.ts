import type { Deadline, Environment, Timer } from './environment.ts';
import { deadlineOn, sleepOn } from './real.ts';

interface VirtualTimer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/** More timers than this at one instant are a loop that never lets time pass. */
const mostTimersAtOnce = 1_000_000;

/**
 * A deterministic world: time moves only in `advance`, and one seed gives the same numbers, names and order of events in every
 * process. Whatever runs in it may not do real asynchronous I/O, for microtasks are all that is waited for.
 */
export class VirtualEnvironment implements Environment {
  readonly seed: number;
  readonly #startMs: number;
  #elapsedMs = 0;
  /** How far the wall clock has been moved. */
  #shiftMs = 0;
  #sequence = 0;
  /** A binary heap by due time, then by order of setting. */
  readonly #timers: VirtualTimer[] = [];
  readonly #state: [number, number, number, number];

  /** `startMs`: the wall clock at the start; 2026-01-01T00:00:00Z unless given. */
  constructor(seed: number, startMs = Date.UTC(2026, 0, 1)) {
    this.seed = seed;
    this.#startMs = startMs;
    this.#state = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 0xb7e15162];
    for (let round = 0; round < 20; round++) this.#next();
  }

  now(): number {
    return this.#startMs + this.#elapsedMs + this.#shiftMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    // Whole milliseconds, as real timers have: a remainder too small for the clock would fire for ever.
    const dueMs = Math.ceil(this.#elapsedMs + Math.max(0, delayMs));
    const timer: VirtualTimer = { dueMs, sequence: this.#sequence++, callback };
    this.#push(timer);
    return {
      cancel: () => {
        timer.callback = undefined;
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** There is nobody else to let in: a microtask is enough. */
  turn(): Promise<void> {
    return Promise.resolve();
  }

  deadline(timeoutMs: number, parent?: AbortSignal): Deadline {
    return deadlineOn(this, timeoutMs, parent);
  }

  random(): number {
    return this.#next() / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.#next() >>> 24);
  }

  id(): string {
    const bytes = this.randomBytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toHex();
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Lets `durationMs` pass: fires what falls due, in order, and lets every consequence finish before the next timer. Throws for no such time. */
  async advance(durationMs: number): Promise<void> {
    if (!Number.isFinite(durationMs) || durationMs < 0)
      throw new RangeError(`time passes by milliseconds from 0, not by ${durationMs}`);
    const targetMs = this.#elapsedMs + durationMs;
    await this.settle();
    let atOnce = 0;
    for (;;) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.dueMs > targetMs) break;
      this.#pop();
      if (timer.callback === undefined) continue;
      atOnce = timer.dueMs === this.#elapsedMs ? atOnce + 1 : 0;
      if (atOnce > mostTimersAtOnce)
        throw new Error(
          `${atOnce} timers fired at ${this.#elapsedMs} ms: something waits for 0 ms again and again: ${timer.callback}`,
        );
      this.#elapsedMs = timer.dueMs;
      timer.callback();
      await this.settle();
    }
    this.#elapsedMs = targetMs;
  }

  /** The wall clock jumps, as when a machine wakes after months of sleep, or its clock is set. No timer notices. */
  shiftClock(byMs: number): void {
    this.#shiftMs += byMs;
  }

  /** Waits until every microtask has run; no virtual time passes. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** sfc32: small, fast, and the same everywhere. */
  #next(): number {
    const [a, b, c, d] = this.#state;
    const result = (a + b + d) >>> 0;
    this.#state[3] = (d + 1) >>> 0;
    this.#state[0] = (b ^ (b >>> 9)) >>> 0;
    this.#state[1] = (c + (c << 3)) >>> 0;
    this.#state[2] = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(timer, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const [child, index] = right !== undefined && before(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1];
      if (!before(child, last)) break;
      heap[at] = child;
      at = index;
    }
    heap[at] = last;
  }
}

function before(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
