import type { Timers } from './environment.ts';

/**
 * How long a connection of streams may be silent, as kubelets have it by default. Clients such as kubectl ask for a sign of life
 * every few seconds, so this ends what nobody holds any more.
 */
const idleMs = 4 * 60 * 60 * 1000;

/** Calls back once nothing has gone either way for four hours. Costs one timer in all, however much goes. */
export class IdleBound {
  readonly #timers: Timers;
  readonly #idle: () => void;
  #timer: { cancel(): void };
  #touched = false;

  constructor(timers: Timers, idle: () => void) {
    this.#timers = timers;
    this.#idle = idle;
    this.#timer = this.#arm();
  }

  /** Something went. */
  touch(): void {
    this.#touched = true;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(): { cancel(): void } {
    return this.#timers.setTimer(idleMs, () => {
      if (!this.#touched) {
        this.#idle();
        return;
      }
      this.#touched = false;
      this.#timer = this.#arm();
    });
  }
}
