import type { Environment } from '../../../machinery/environment/environment.ts';
import { RuntimeError } from '../runtime.ts';

/** Commands that begin at a time. */
const places = 16;
/** A command that still runs after this has begun, and holds up nobody any more. */
const beginsWithinMs = 1_000;
/** As many requests as a runtime's streaming server keeps. */
const mostWaiting = 1_000;

/**
 * Lets only so many commands begin in containers at a time. containerd 1.6 starts 20 at once in a second or two, but takes half a minute
 * for 40 and two for 80, from whomever they come; in turn, 80 take six seconds.
 */
export class ExecGate {
  readonly #environment: Pick<Environment, 'setTimer'>;
  readonly #waiting = new Set<() => void>();
  #begun = 0;

  constructor(environment: Pick<Environment, 'setTimer'>) {
    this.#environment = environment;
  }

  /** Resolves, when there is a place, to what gives it back; it is given back after a second in any case. Throws `RuntimeError`, or the signal's reason. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#begun < places) this.#begun++;
    else await this.#turn(signal);
    let held = true;
    const leave = () => {
      if (!held) return;
      held = false;
      timer.cancel();
      // The place goes from hand to hand, so that nobody comes in between.
      const [next] = this.#waiting;
      if (next === undefined) this.#begun--;
      else next();
    };
    const timer = this.#environment.setTimer(beginsWithinMs, leave);
    return leave;
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= mostWaiting)
      throw new RuntimeError('Unavailable', 'maximum number of in-flight requests exceeded');
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void) => () => {
        this.#waiting.delete(called);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const called = settled(resolve);
      const aborted = settled(() => reject(signal?.reason));
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.add(called);
    });
  }
}
