import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { isOlderVersion } from '../../machinery/resource-version.ts';
import { keyOf } from './object-keys.ts';

interface OwnWrite {
  readonly uid: string | undefined;
  /** Undefined: it was deleted. */
  readonly resourceVersion: string | undefined;
  readonly atMs: number;
}

/** A watch that has lost an event is not waited for longer than this. */
const expiryMs = 60_000;

/**
 * What a controller has written for a key and its caches do not show yet. For controllers that give names at random and change many
 * objects for one key: from caches that are late they would make some twice.
 */
export class OwnWrites {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #byKey = new Map<string, Map<string, OwnWrite>>();

  constructor(environment: Pick<Environment, 'monotonic'>) {
    this.#environment = environment;
  }

  written(key: string, object: KubeObject): void {
    this.#note(key, object, object.metadata.resourceVersion);
  }

  deleted(key: string, object: KubeObject): void {
    this.#note(key, object, undefined);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  /** Whether the caches show everything that was written for the key. */
  seen(key: string, cached: (objectKey: string) => KubeObject | undefined): boolean {
    const writes = this.#byKey.get(key);
    if (writes === undefined) return true;
    const nowMs = this.#environment.monotonic();
    for (const [objectKey, write] of writes) {
      if (isShown(write, cached(objectKey)) || nowMs - write.atMs > expiryMs) writes.delete(objectKey);
    }
    if (writes.size === 0) this.#byKey.delete(key);
    return writes.size === 0;
  }

  #note(key: string, object: KubeObject, resourceVersion: string | undefined): void {
    const writes = this.#byKey.get(key) ?? new Map<string, OwnWrite>();
    this.#byKey.set(key, writes);
    writes.set(keyOf(object), { uid: object.metadata.uid, resourceVersion, atMs: this.#environment.monotonic() });
  }
}

function isShown(write: OwnWrite, cached: KubeObject | undefined): boolean {
  if (cached === undefined) return write.resourceVersion === undefined;
  if (cached.metadata.uid !== write.uid) return true;
  return write.resourceVersion !== undefined && !isOlderVersion(cached.metadata.resourceVersion, write.resourceVersion);
}
