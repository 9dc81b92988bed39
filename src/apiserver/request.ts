import type { HttpRequest } from '../wire/http.ts';

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | (string & {});

/** What a request is about, read from its method and path alone. */
export type RequestInfo = ResourceRequestInfo | PathRequestInfo;

export interface ResourceRequestInfo {
  readonly isResource: true;
  readonly path: string;
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty when there is none. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** From the query; authorisation of list and watch looks at them. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

export interface PathRequestInfo {
  readonly isResource: false;
  readonly path: string;
  /** The HTTP method in lower case. */
  readonly verb: string;
}

/** A request on its way through the server, once it is known who asks what. */
export interface RequestContext {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  readonly http: HttpRequest;
  /** Where the request came from; empty for one from within this process. */
  readonly remoteAddress: string;
  readonly signal: AbortSignal;
  /** Collects lines for the `Warning` header. */
  warn(message: string): void;
}

/** What an authenticator looks at. */
export interface Credentials {
  readonly http: HttpRequest;
  /** The verified client certificate's subject; undefined when there is none. */
  readonly certificate:
    | { readonly commonName: string; readonly organizations: readonly string[]; readonly fingerprint: string }
    | undefined;
  /** Why a client certificate that was sent counts for nothing; it is then not in `certificate`. */
  readonly certificateError?: string | undefined;
}

/** One way to learn who asks: undefined when the request carries nothing of this kind. Throws Unauthorized for credentials that are wrong. */
export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials): Promise<UserInfo | undefined>;
}

/** One authoriser of the chain: the first that does not say `noOpinion` decides. */
export interface Authorizer {
  readonly name: string;
  authorize(user: UserInfo, info: RequestInfo): Decision;
}

export type Decision =
  | { readonly decision: 'allow'; readonly reason: string }
  | { readonly decision: 'deny'; readonly reason: string }
  | { readonly decision: 'noOpinion'; readonly reason: string };
