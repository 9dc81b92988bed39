import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Probe } from '../../resources/schema/core-v1.generated.ts';
import type { ProbeVerdict } from '../pods/decision.ts';
import type { ProbeAnswer } from './probe-once.ts';

export type ProbeType = 'Liveness' | 'Readiness' | 'Startup';

export interface ContainerProbeOptions {
  readonly environment: Environment;
  readonly type: ProbeType;
  readonly probe: Probe;
  /** When the container was started, by the clock that nobody sets. */
  readonly startedAt: number;
  /** Ticks are whole periods from here. */
  readonly anchor: number;
  ask(): Promise<ProbeAnswer>;
  /** False while another probe has to succeed first. */
  isDue(): boolean;
  onAnswer(answer: ProbeAnswer): void;
  onVerdict(): void;
}

/** One probe of one running container: asks every period, and counts answers until they make a verdict. */
export class ContainerProbe {
  readonly #options: ContainerProbeOptions;
  #verdict: ProbeVerdict | undefined;
  #last: ProbeVerdict | undefined;
  #run = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ContainerProbeOptions) {
    this.#options = options;
    this.#arm(this.#firstDelay());
  }

  get verdict(): ProbeVerdict | undefined {
    return this.#verdict;
  }

  /** Asks as soon as it may, and every period from then on. */
  now(): void {
    if (this.#stopped || this.#timer === undefined) return;
    this.#arm(Math.max(0, this.#earliest() - this.#options.environment.monotonic()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #periodMs(): number {
    return (this.#options.probe.periodSeconds ?? 10) * 1000;
  }

  #earliest(): number {
    return this.#options.startedAt + (this.#options.probe.initialDelaySeconds ?? 0) * 1000;
  }

  /** Readiness is wanted as soon as it can be had; what may kill leaves the container up to a period first. */
  #firstDelay(): number {
    const { environment, type, anchor } = this.#options;
    const now = environment.monotonic();
    if (type === 'Readiness') return Math.max(0, this.#earliest() - now);
    const from = Math.max(this.#earliest(), now);
    const ticks = Math.floor((from - anchor) / this.#periodMs) + 1;
    return anchor + ticks * this.#periodMs - now;
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.environment.setTimer(delayMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const { environment, isDue, ask, onAnswer, type } = this.#options;
    // While one is under way there is no timer, so answers never overtake each other.
    this.#timer = undefined;
    const startedAt = environment.monotonic();
    if (isDue()) {
      const answer = await ask();
      if (this.#stopped) return;
      onAnswer(answer);
      if (answer.outcome !== 'unknown') this.#count(answer.outcome);
    }
    // After such a verdict the container is replaced, or there is nothing more to learn.
    const settled =
      (type === 'Startup' && this.#verdict !== undefined) || (type === 'Liveness' && this.#verdict === 'failure');
    if (settled || this.#stopped) return;
    this.#arm(Math.max(0, this.#periodMs - (environment.monotonic() - startedAt)));
  }

  #count(result: ProbeVerdict): void {
    const { probe, onVerdict } = this.#options;
    this.#run = result === this.#last ? this.#run + 1 : 1;
    this.#last = result;
    const threshold = result === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
    if (this.#run < threshold || this.#verdict === result) return;
    this.#verdict = result;
    onVerdict();
  }
}
