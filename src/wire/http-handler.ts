import type { HttpRequest, HttpResponse, UpgradeResponse } from './http.ts';

/**
 * What a server does with its requests. Whatever is thrown becomes a bare 500, and `BodyTooLargeError` a bare 413: a handler
 * that has better words catches its own errors.
 */
export interface HttpHandler {
  fetch(request: HttpRequest, connection: HttpConnection): Promise<HttpResponse>;
  /** Absent: a request for an upgrade is answered by `fetch`, as HTTP allows. */
  upgrade?(request: HttpRequest, connection: HttpConnection): Promise<UpgradeResponse>;
}

/** The connection a request came on. */
export interface HttpConnection {
  /** Empty on a unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whether the connection is TLS. */
  readonly secure: boolean;
  /** The client's certificate, if it was signed by the given authority for use by clients and is valid at this moment. */
  readonly certificate: ClientCertificate | undefined;
  /** Why the certificate that the client presented does not count; undefined where it does, or none was presented. */
  readonly certificateError: string | undefined;
}

export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** SHA-256 of the certificate in lower-case hexadecimal. */
  readonly fingerprint: string;
}
