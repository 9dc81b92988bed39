import type { Environment } from '../../machinery/environment/environment.ts';
import type { LeaseId, Store } from '../../store/store.ts';

/** One lease serves the writes of this long, so that a storm of events does not make a lease each. */
const reuseMs = 60_000;

/** Leases for objects that vanish by themselves. They live between `timeToLiveSeconds` and a minute longer. */
export class EventLeases {
  readonly #store: Store;
  readonly #environment: Environment;
  readonly #timeToLiveSeconds: number;
  #current: Promise<LeaseId> | undefined;
  #grantedMs = 0;

  constructor(store: Store, environment: Environment, timeToLiveSeconds: number) {
    this.#store = store;
    this.#environment = environment;
    this.#timeToLiveSeconds = timeToLiveSeconds;
  }

  lease(): Promise<LeaseId> {
    const nowMs = this.#environment.monotonic();
    const reuse = Math.min(reuseMs, this.#timeToLiveSeconds * 50);
    if (this.#current !== undefined && nowMs - this.#grantedMs < reuse) return this.#current;
    this.#grantedMs = nowMs;
    this.#current = this.#store.grantLease(this.#timeToLiveSeconds + Math.ceil(reuse / 1000));
    this.#current.catch(() => {
      this.#current = undefined;
    });
    return this.#current;
  }
}
