import type { KubeList, KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import type { HttpTarget } from '../wire/http.ts';

/**
 * What every component speaks to the API through, and nothing else. The composition root decides what is behind it: a call
 * into the API server of the same process, or HTTPS to any Kubernetes. Objects that come out are shared and never
 * changed in place: copy with `draft()`. All methods throw `StatusError`, and the reason of an aborted signal.
 */
export interface Client extends Reader, Writer, Watcher {
  /** Requests that are not about a resource (`/version`, `/healthz`), and streams (logs, exec). */
  readonly http: HttpTarget;
}

export interface ObjectKey {
  /** Absent for cluster-scoped resources. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface Reader {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: GetOptions): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
}

export interface Watcher {
  /** Ends when the server ends it; throws `StatusError` (Expired: list again) where the server sent an error. */
  watch<T extends KubeObject>(type: ResourceType<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface Writer {
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the object; with a `resourceVersion` in it only when that is still the newest. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, options?: PatchOptions): Promise<T>;
  /** Resolves to the object as it was deleted or as it is being deleted, or to a Status. */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: DeleteOptions): Promise<T | KubeStatus>;
  deleteCollection<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions & DeleteOptions): Promise<void>;
  /** POST to a subresource whose body is of another kind: `binding`, `eviction`, `token`. */
  createSubresource<B extends object, R = B>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: B,
    options?: WriteOptions,
  ): Promise<R>;
}

/** A `Status` that stands for success. */
export interface KubeStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly status: string;
}

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  readonly subresource?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
}

export interface WatchOptions extends ListOptions {
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict' | undefined;
  readonly dryRun?: boolean | undefined;
  /** `status`, `scale`, ...: the object is sent to the subresource. */
  readonly subresource?: string | undefined;
}

export interface PatchOptions extends WriteOptions {
  /** Apply only: take fields over from other managers. */
  readonly force?: boolean | undefined;
}

export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly body: object }
  | { readonly type: 'strategic'; readonly body: object }
  | { readonly type: 'apply'; readonly body: object };

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string | undefined;
  readonly value?: unknown;
}

export interface DeleteOptions {
  readonly signal?: AbortSignal | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
  readonly dryRun?: boolean | undefined;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Everything up to the object's `resourceVersion` has been sent. `initialEventsEnd` marks the end of `sendInitialEvents`. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };
