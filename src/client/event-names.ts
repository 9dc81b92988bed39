import type { Environment } from '../machinery/environment/environment.ts';

/**
 * Names for events: the object's name and the time in nanoseconds. What the clock does not tell is counted, so that names are in the
 * order of events, and its last digits are drawn, for recorders do not know of each other.
 */
export class EventNames {
  readonly #environment: Environment;
  #count = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  next(objectName: string): string {
    this.#count = (this.#count + 1) % 1000;
    const belowMs = this.#count * 1000 + Math.floor(this.#environment.random() * 1000);
    const nanoseconds = BigInt(Math.floor(this.#environment.now())) * 1_000_000n + BigInt(belowMs);
    return `${objectName}.${nanoseconds.toString(16)}`;
  }
}
