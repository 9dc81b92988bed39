import type { ObjectKey } from '../../client/client.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { HttpRequest, HttpResponse, UpgradeResponse } from '../../wire/http.ts';
import type { RequestContext, ResourceRequestInfo } from '../request.ts';

/** A request to a resource, context included, as handlers outside the ordinary verbs get it. */
export interface ResourceContext extends RequestContext {
  readonly info: ResourceRequestInfo;
}

/**
 * A subresource that is more than another view of the object: `pods/binding`, `pods/eviction`, `serviceaccounts/token`. The body
 * is decoded, checked for structure and defaulted as `bodyType`, and the answer is encoded in the client's media type.
 */
export interface SubresourceHandler {
  readonly resource: ResourceType;
  readonly subresource: string;
  readonly bodyType: {
    readonly group: string;
    readonly version: string;
    /** Versions under which the same body is accepted as well. */
    readonly olderVersions?: readonly string[];
    readonly kind: string;
    readonly schemaName: string;
  };
  /** Fills in what the body leaves out. */
  setDefaults?(body: Draft<KubeObject>): void;
  /** Runs after authentication, authorisation and admission (CREATE on the subresource). */
  create(context: ResourceContext, body: KubeObject): Promise<object>;
}

/** Changes a stored object apart from what users may change: no admission, no rules of the kind. For subresources such as `pods/binding`. */
export interface ObjectChanger {
  /** `transform` runs again when somebody else was faster; it throws `StatusError` to refuse. Throws NotFound. */
  change<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    transform: (live: T) => Draft<T>,
    options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

/** A kind that is answered and never stored: reviews of tokens and access, and `bindings`. */
export interface ReviewHandler {
  readonly resource: ResourceType;
  create(context: ResourceContext, body: KubeObject): Promise<object>;
}

/**
 * A kind that is worked out when it is read and never stored, with `get` and `list` for its verbs: what nodes and pods use. Its definition
 * has no storage. Selectors are applied to what `list` answers.
 */
export interface ComputedHandler {
  readonly resource: ResourceType;
  /** Throws NotFound. */
  get(key: { readonly namespace: string; readonly name: string }): Promise<KubeObject>;
  /** `namespace` empty: of all. */
  list(scope: { readonly namespace: string }): Promise<readonly KubeObject[]>;
}

/** A subresource that is a stream or a proxy: `pods/log`, `pods/exec`, `nodes/proxy`. */
export interface ConnectHandler {
  readonly resource: ResourceType;
  readonly subresource: string;
  readonly methods: readonly string[];
  /** Answers an ordinary request. `path` is what follows the subresource. */
  fetch(context: ResourceContext, path: string): Promise<HttpResponse>;
  /** Answers a request that asks for an upgrade. Absent: it is refused. */
  upgrade?(context: ResourceContext, path: string, request: HttpRequest): Promise<UpgradeResponse>;
}

/**
 * Answers paths that are no resource: health, OpenAPI, OIDC discovery. Runs after authentication and authorisation, for GET and
 * HEAD alone; the server leaves the body out of an answer to HEAD.
 */
export interface PathHandler {
  /** Exact paths; one that ends in `/*` also stands for everything below it, though not for itself. The longest match wins. */
  readonly paths: readonly string[];
  fetch(context: RequestContext): Promise<HttpResponse>;
}

/**
 * Takes part in a write between admission and storage, and learns how it ended: the allocators of cluster addresses and node
 * ports. Runs inside the registry's retry loop, so `prepare` may be called again after a conflict, always after `rollback`.
 */
export interface WriteHook {
  readonly resource: ResourceType;
  /** `object` undefined: a delete. Throws `StatusError` to refuse. */
  prepare(
    object: Draft<KubeObject> | undefined,
    old: KubeObject | undefined,
    dryRun: boolean,
  ): Promise<WriteReservation | undefined>;
}

export interface WriteReservation {
  commit(): void;
  rollback(): void;
}
