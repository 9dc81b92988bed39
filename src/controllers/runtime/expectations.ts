import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Change } from './controller.ts';
import { keyOf } from './object-keys.ts';

interface Expected {
  creations: number;
  /** Keys of objects whose deletion was asked for. */
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/** A watch that has lost an event is not waited for longer than this. */
const expiryMs = 5 * 60 * 1000;

/**
 * What a controller has done and not yet seen come back through its caches. While anything is expected for a key, the caches are
 * older than the controller's own deeds, and counting in them would create or delete too many.
 */
export class Expectations {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #expected = new Map<string, Expected>();

  constructor(environment: Pick<Environment, 'monotonic'>) {
    this.#environment = environment;
  }

  /** Whether the caches can be believed again: all was seen, or it was waited for long enough. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (expected === undefined) return true;
    if (expected.creations > 0 || expected.deletions.size > 0)
      return this.#environment.monotonic() - expected.sinceMs > expiryMs;
    return true;
  }

  expectCreations(key: string, creations: number): void {
    this.expect(key, creations, []);
  }

  expectDeletions(key: string, deletions: Iterable<string>): void {
    this.expect(key, 0, deletions);
  }

  expect(key: string, creations: number, deletions: Iterable<string>): void {
    this.#expected.set(key, {
      creations,
      deletions: new Set(deletions),
      sinceMs: this.#environment.monotonic(),
    });
  }

  /** One creation was seen, or it failed and will not be seen. */
  creationObserved(key: string, count = 1): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined) expected.creations -= count;
  }

  deletionObserved(key: string, deleted: string): void {
    this.#expected.get(key)?.deletions.delete(deleted);
  }

  /** News of an object that belongs to the key. */
  observe(key: string, { type, object }: Change<KubeObject>): void {
    if (type === 'deleted' || object.metadata.deletionTimestamp !== undefined)
      this.deletionObserved(key, keyOf(object));
    else if (type === 'added') this.creationObserved(key);
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}
