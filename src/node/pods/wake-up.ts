import type { Environment, Timer } from '../../machinery/environment/environment.ts';

/** Calls at the earliest of the times that were asked for, which are monotonic: the clock may be set. Then it can be asked again. */
export class WakeUp {
  readonly #environment: Pick<Environment, 'monotonic' | 'setTimer'>;
  readonly #call: () => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(environment: Pick<Environment, 'monotonic' | 'setTimer'>, call: () => void) {
    this.#environment = environment;
    this.#call = call;
  }

  at(time: number): void {
    if (time >= this.#at || this.#stopped) return;
    this.#timer?.cancel();
    this.#at = time;
    this.#timer = this.#environment.setTimer(Math.max(0, time - this.#environment.monotonic()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#call();
    });
  }

  /** Calls no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
