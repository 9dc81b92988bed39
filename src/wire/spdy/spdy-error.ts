/** Status codes of RST_STREAM (SPDY/3.1, 2.6.3). */
export const spdyStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
} as const;

/** What the other side sent is no SPDY/3.1, or goes over a bound: the connection cannot go on. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}
