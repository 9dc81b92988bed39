import type { KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';

/** Reads from a local copy. Objects are shared and never changed in place. */
export interface Lister<T extends KubeObject> {
  get(name: string, namespace?: string): T | undefined;
  /** All, or those of one namespace; in no promised order. */
  list(namespace?: string): Iterable<T>;
  /** Objects for which the index function named at creation gave this value. */
  byIndex(index: string, value: string): Iterable<T>;
  readonly size: number;
}

/** A local copy of a resource that follows the server: list, then watch, again from the start when history is gone. */
export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly type: ResourceType<T>;
  /** Resolves when the first list is in and handlers have seen it. */
  synced(signal?: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /** Called for everything that is there already, then for every change, in order. Returns how to stop it. */
  addHandler(handler: InformerHandler<T>): () => void;
}

export interface InformerHandler<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  /** The last state known; a delete that was missed while disconnected is told on the next list. */
  deleted?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** What is kept of each object; absent: the whole of it. Users of one informer share one projection. */
  readonly projection?: ((object: T) => T) | undefined;
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>> | undefined;
}

/** Informers that are shared by all who ask with the same type and options in one process. */
export interface InformerFactory {
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions<T>): Informer<T>;
  /** Ends an informer that nobody else uses; the next who asks for the like of it gets a new one. */
  release<T extends KubeObject>(informer: Informer<T>): void;
  /** Resolves when every informer handed out so far has synced. */
  synced(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
