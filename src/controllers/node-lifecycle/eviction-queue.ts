import type { Environment } from '../../machinery/environment/environment.ts';

/**
 * The nodes of a zone whose pods are to go, and how fast: one node when the time for it has come, however many wait. A limit on
 * nodes, not on pods, so that a zone that fails as a whole does not come down on the others at once.
 */
export class EvictionQueue {
  readonly #environment: Pick<Environment, 'monotonic'>;
  /** In the order in which they came. */
  readonly #waiting = new Set<string>();
  /** Nodes a second. */
  #rate: number;
  /** When the next node may go. */
  #nextMs: number;

  constructor(environment: Pick<Environment, 'monotonic'>, rate: number) {
    this.#environment = environment;
    this.#rate = rate;
    this.#nextMs = environment.monotonic();
  }

  /** Nothing is said about a node that waits already. */
  add(node: string): void {
    this.#waiting.add(node);
  }

  remove(node: string): void {
    this.#waiting.delete(node);
  }

  /** From now on at this rate; 0: not at all. Who waits for the next turn goes on waiting, for as long as the new rate says. */
  setRate(rate: number): void {
    const nowMs = this.#environment.monotonic();
    const waits = this.#rate === 0 || this.#nextMs > nowMs;
    this.#rate = rate;
    this.#nextMs = waits && rate > 0 ? nowMs + 1000 / rate : nowMs;
  }

  /** The next node, if one may go now; it counts whatever becomes of it. */
  take(): string | undefined {
    const [node] = this.#waiting;
    const nowMs = this.#environment.monotonic();
    if (node === undefined || this.#rate === 0 || this.#nextMs > nowMs) return undefined;
    this.#waiting.delete(node);
    this.#nextMs = nowMs + 1000 / this.#rate;
    return node;
  }

  /** Milliseconds until `take` may answer one; undefined while waiting does not help. */
  get waitMs(): number | undefined {
    if (this.#waiting.size === 0 || this.#rate === 0) return undefined;
    return Math.max(0, this.#nextMs - this.#environment.monotonic());
  }
}
