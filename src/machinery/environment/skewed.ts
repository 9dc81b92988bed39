import type { Deadline, Environment, Timer } from './environment.ts';

/** An environment whose clock is wrong, by as much as is said. Time passes as in the true one. */
export class SkewedEnvironment implements Environment {
  readonly #true: Environment;
  /** How much the clock is ahead; negative: behind. */
  skewMs = 0;

  constructor(environment: Environment) {
    this.#true = environment;
  }

  now(): number {
    return this.#true.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#true.monotonic();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#true.setTimer(delayMs, callback);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return this.#true.sleep(delayMs, signal);
  }

  turn(): Promise<void> {
    return this.#true.turn();
  }

  deadline(timeoutMs: number, parent?: AbortSignal): Deadline {
    return this.#true.deadline(timeoutMs, parent);
  }

  random(): number {
    return this.#true.random();
  }

  randomBytes(length: number): Uint8Array<ArrayBuffer> {
    return this.#true.randomBytes(length);
  }

  id(): string {
    return this.#true.id();
  }
}
