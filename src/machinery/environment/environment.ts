/**
 * Time and chance, as parameters. Nothing else in the project reads a clock, sets a timer, yields to the event loop
 * or draws a random number; a lint rule keeps it so. `RealEnvironment` is the machine's own; `VirtualEnvironment`
 * is a deterministic world in which one seed reproduces a whole run.
 */
export interface Environment {
  /** Wall clock, milliseconds since 1970 UTC. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For measuring and for deadlines. */
  monotonic(): number;
  /** Calls back once, after `delayMs` (at least the next turn). Cancelling a timer that has fired does nothing. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Yields to the event loop, so that long work lets others in. */
  turn(): Promise<void>;
  /** A signal that aborts after `timeoutMs`, or when `parent` does. Dispose it when the work is done. */
  deadline(timeoutMs: number, parent?: AbortSignal): Deadline;
  /** Uniform in [0, 1). */
  random(): number;
  /** Uniform bytes, fit for tokens and keys in the real world. */
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
  /** A version 4 UUID in lower case. */
  id(): string;
}

export interface Timer {
  cancel(): void;
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Drops the timer; the signal then only follows its parent. */
  cancel(): void;
}
