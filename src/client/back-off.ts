import type { Environment } from '../machinery/environment/environment.ts';

export interface BackOffOptions {
  readonly initialMs: number;
  readonly maximumMs: number;
  /** Each failure multiplies the delay by this. */
  readonly factor: number;
  /** The delay is drawn from [delay, delay * (1 + jitter)), so that clients of one dead server do not return together. */
  readonly jitter: number;
}

/** As Kubernetes' own clients wait before they list or watch again. */
export const watchBackOff: BackOffOptions = { initialMs: 800, maximumMs: 30_000, factor: 2, jitter: 1 };

/** For those who must follow an API that comes back, under whatever address, within ten seconds. */
export const followingBackOff: BackOffOptions = { ...watchBackOff, maximumMs: 2_500 };

/** Counts failures in a row and says how long to wait after each. */
export class BackOff {
  readonly #environment: Pick<Environment, 'random'>;
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(environment: Pick<Environment, 'random'>, options: BackOffOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const { initialMs, maximumMs, factor, jitter } = this.#options;
    const delayMs = Math.min(maximumMs, initialMs * factor ** this.#failures);
    this.#failures += 1;
    return delayMs * (1 + jitter * this.#environment.random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
