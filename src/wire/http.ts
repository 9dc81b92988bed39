import type { Duplex } from 'node:stream';

/** An HTTP request apart from any connection: what a server hands to its handler, and a client sends. Header names are in lower case. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, percent-encoded: `/api/v1/pods?limit=5`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What a client says as `Host` instead of the name of the server it asks. */
  readonly host?: string | undefined;
  readonly body?: HttpBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes at once, or as they come. */
export type HttpBody = Uint8Array<ArrayBufferLike> | AsyncIterable<Uint8Array<ArrayBufferLike>>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody | undefined;
}

/** The answer to a request that asked for an upgrade: status 101 and the raw connection, or an ordinary response. */
export type UpgradeResponse =
  | { readonly status: 101; readonly headers: Readonly<Record<string, string>>; readonly connection: Duplex }
  | (HttpResponse & { readonly connection?: undefined });

/** Something that answers requests: a server's handler, or a remote one behind a connection pool. */
export interface HttpTarget {
  /** Where it is, if it has an address. */
  readonly url?: string;
  fetch(request: HttpRequest): Promise<HttpResponse>;
  /** Sends a request with `connection: upgrade` and hands over the connection when the other side agrees. */
  upgrade(request: HttpRequest): Promise<UpgradeResponse>;
}
