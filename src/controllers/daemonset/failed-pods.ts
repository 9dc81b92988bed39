import type { Environment } from '../../machinery/environment/environment.ts';
import type { DaemonSet } from '../../resources/schema/apps-v1.generated.ts';

interface Failure {
  readonly delayMs: number;
  readonly atMs: number;
}

const firstDelayMs = 1_000;
const longestDelayMs = 15 * 60_000;

/** How long a node that its pod of a DaemonSet fails on waits for the next: twice as long each time, until it went well for long. */
export class FailedPods {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #failures = new Map<string, Failure>();

  constructor(environment: Pick<Environment, 'monotonic'>) {
    this.#environment = environment;
  }

  /** Milliseconds until a failed pod there may be replaced. */
  waitMs(set: DaemonSet, node: string): number {
    const failure = this.#failures.get(keyOf(set, node));
    return failure === undefined ? 0 : Math.max(0, failure.atMs + failure.delayMs - this.#environment.monotonic());
  }

  /** A failed pod is being replaced. */
  failed(set: DaemonSet, node: string): void {
    this.#forgetOld();
    const key = keyOf(set, node);
    const before = this.#failures.get(key);
    const delayMs = before === undefined ? firstDelayMs : Math.min(longestDelayMs, before.delayMs * 2);
    this.#failures.delete(key);
    this.#failures.set(key, { delayMs, atMs: this.#environment.monotonic() });
  }

  /** The oldest come first. */
  #forgetOld(): void {
    const nowMs = this.#environment.monotonic();
    for (const [key, { atMs }] of this.#failures) {
      if (nowMs - atMs <= 2 * longestDelayMs) return;
      this.#failures.delete(key);
    }
  }
}

/** A changed DaemonSet begins anew. */
function keyOf({ metadata, status }: DaemonSet, node: string): string {
  return `${metadata.uid}/${status?.observedGeneration ?? 0}/${node}`;
}
