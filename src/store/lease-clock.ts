import type { Environment, Timer } from '../machinery/environment/environment.ts';
import type { LeaseId } from './store.ts';

/** Calls `expire` for each lease that was not renewed in time. One timer serves all leases. */
export class LeaseClock {
  readonly #environment: Environment;
  readonly #expire: (leases: readonly LeaseId[]) => void;
  /** Wall-clock milliseconds at which each lease ends. */
  readonly #deadlines = new Map<LeaseId, number>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(environment: Environment, expire: (leases: readonly LeaseId[]) => void) {
    this.#environment = environment;
    this.#expire = expire;
  }

  has(lease: LeaseId): boolean {
    return this.#deadlines.has(lease);
  }

  set(lease: LeaseId, expiresAtMs: number): void {
    this.#deadlines.set(lease, expiresAtMs);
    if (expiresAtMs < this.#timerAt) this.#arm(expiresAtMs);
  }

  delete(lease: LeaseId): void {
    this.#deadlines.delete(lease);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#deadlines.clear();
  }

  #arm(atMs: number): void {
    this.#timer?.cancel();
    this.#timerAt = atMs;
    this.#timer = this.#environment.setTimer(atMs - this.#environment.now(), () => this.#sweep());
  }

  #sweep(): void {
    const now = this.#environment.now();
    const due: LeaseId[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [lease, deadline] of this.#deadlines) {
      if (deadline <= now) due.push(lease);
      else next = Math.min(next, deadline);
    }
    for (const lease of due) this.#deadlines.delete(lease);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) this.#arm(next);
    if (due.length > 0) this.#expire(due);
  }
}
