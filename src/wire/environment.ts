/**
 * What this room needs of time and chance. The project's `Environment` has all of it; it is declared here again because protocols
 * know nothing of the rooms above them, and so that each function asks for no more than it uses.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
}

export interface Timers {
  /** Calls back once, after `delayMs`. */
  setTimer(delayMs: number, callback: () => void): { cancel(): void };
}

export interface RandomSource {
  /** Uniform bytes, fit for keys in the real world. */
  readonly randomBytes: (length: number) => Uint8Array<ArrayBuffer>;
}
