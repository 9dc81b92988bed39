/** What one client may take of a server. */
export interface HttpServerLimits {
  /** Bytes of a request body; reading on throws `BodyTooLargeError`. */
  readonly bodyBytes: number;
  /** Bytes of request line and headers together; more is answered with 431. */
  readonly headerBytes: number;
  readonly handshakeMs: number;
  /** From the first byte of a request to the end of its headers, then to the end of its body; later is answered with 408. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long a connection without requests is kept. */
  readonly idleMs: number;
  /** How long a client may leave the bytes of an answer untaken. */
  readonly stallMs: number;
  readonly connections: number;
  /** Requests at a time on one HTTP/2 connection. */
  readonly streams: number;
}

/** Body, header and idle bounds are those of a Kubernetes API server; the others are ours. */
export const defaultLimits: HttpServerLimits = {
  bodyBytes: 3 * 1024 * 1024,
  headerBytes: 1024 * 1024,
  handshakeMs: 10_000,
  headersMs: 32_000,
  requestMs: 60_000,
  idleMs: 90_000,
  // Long, for a person may pause `kubectl logs -f | less` and read.
  stallMs: 15 * 60_000,
  connections: 20_000,
  streams: 250,
};
