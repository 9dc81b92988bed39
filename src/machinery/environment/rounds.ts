import type { Environment, Timer } from './environment.ts';

export interface RoundsOptions {
  readonly environment: Pick<Environment, 'setTimer'>;
  /** From the end of one round to the beginning of the next. */
  readonly intervalMs: number;
  readonly round: () => Promise<void>;
  /** Is told of a round that failed; the next one comes all the same. */
  readonly failed: (error: unknown) => void;
}

/** Work that is done over and over, never twice at once. */
export class Rounds {
  readonly #options: RoundsOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** The first round comes after the interval. Does nothing once stopped. */
  start(): void {
    if (this.#stopped) return;
    const { environment, intervalMs, round, failed } = this.#options;
    this.#timer = environment.setTimer(intervalMs, () => {
      void round()
        .catch(failed)
        .then(() => this.start());
    });
  }

  /** A round that is under way goes on to its end. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
