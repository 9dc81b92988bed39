import type { Informer } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';

/**
 * A control loop, declared: what it watches, which keys that concerns, and how to make one key right. The engine does the rest:
 * it hands out a key to one worker at a time, retries what failed, and bounds how much runs at once.
 */
export interface Controller {
  /** In logs and as the `name` label of metrics. */
  readonly name: string;
  readonly watches: readonly ControllerWatch[];
  /** For watches that come and go: called once at the start. Answers how to stop. */
  follow?(engine: ControllerEngine): () => void;
  /** How many keys may be worked on at once; 5 unless given. */
  readonly concurrency?: number | undefined;
  /** Keys to begin with, beside those that the first lists bring. */
  readonly initialKeys?: readonly string[] | undefined;
  /**
   * Makes the world right for one key, from what the caches say now. Idempotent. May throw: the engine decides what becomes of it.
   * The signal is aborted when the controller is stopped.
   */
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult>;
}

/** What a controller that follows more than its watches may ask of the engine. */
export interface ControllerEngine {
  /** Adds a watch. Answers how to end it. */
  attach(watch: ControllerWatch): () => void;
  enqueue(key: string): void;
}

/** Nothing: look again when something changes. */
export type ReconcileResult =
  | {
      /** When to look again though nothing has changed. */
      readonly requeueAfterMs?: number | undefined;
      /**
       * How long the key is left alone though something changes: a storm of changes then costs one reconcile, not one each.
       * For keys whose reconcile is long, as with a thousand pods.
       */
      readonly restMs?: number | undefined;
    }
  | undefined;

/** A rest that grows with the number of objects that a reconcile goes through: none for a few, 100 ms for 1,000. */
export function restAfter(objects: number): number {
  return Math.min(200, Math.floor(objects / 10));
}

/** One change of one object, as an informer told it. */
export type Change<T> =
  | { readonly type: 'added'; readonly object: T; readonly old?: undefined }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T; readonly old?: undefined };

export interface ControllerWatch<T extends KubeObject = KubeObject> {
  readonly informer: Pick<Informer<T>, 'addHandler' | 'synced' | 'list'>;
  /** The keys that this change concerns. Also called for every object when keys had to be turned away. */
  mapToKeys(change: Change<T>): Iterable<string>;
}

/** A watch as an element of a controller's list; each has a type of its own. */
export function watching<T extends KubeObject>(
  informer: Pick<Informer<T>, 'addHandler' | 'synced' | 'list'>,
  mapToKeys: (change: Change<T>) => Iterable<string>,
): ControllerWatch {
  return { informer, mapToKeys } as unknown as ControllerWatch;
}
