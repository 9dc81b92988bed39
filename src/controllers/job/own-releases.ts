import type { Environment } from '../../machinery/environment/environment.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isTracked } from './job-pods.ts';

/** A watch that has lost an event is not waited for longer than this. */
const expiryMs = 60_000;

/** Pods that have lost their finalizer by the controller's own doing, for as long as its caches show them with it. */
export class OwnReleases {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #byKey = new Map<string, Map<string, number>>();

  constructor(environment: Pick<Environment, 'monotonic'>) {
    this.#environment = environment;
  }

  released(key: string, pod: Pod): void {
    const releases = this.#byKey.get(key) ?? new Map<string, number>();
    this.#byKey.set(key, releases);
    releases.set(pod.metadata.uid ?? '', this.#environment.monotonic());
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  /** Whether the pods of a key, from the caches, show all of them without it. */
  seen(key: string, pods: Iterable<Pod>): boolean {
    const releases = this.#byKey.get(key);
    if (releases === undefined) return true;
    const nowMs = this.#environment.monotonic();
    for (const pod of pods) {
      const atMs = releases.get(pod.metadata.uid ?? '');
      if (atMs !== undefined && isTracked(pod) && nowMs - atMs <= expiryMs) return false;
    }
    this.#byKey.delete(key);
    return true;
  }
}
