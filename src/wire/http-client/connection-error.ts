/**
 * A request did not come to an answer: the other side could not be reached, or the connection broke. The message names the
 * target and the cause is the system's error.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** The URL without its path. */
  readonly target: string;
  /** `ECONNREFUSED`, `ECONNRESET`, `ENOTFOUND`, `ETIMEDOUT`, `CERT_HAS_EXPIRED`, ... */
  readonly code: string;
  /** Whether the request may have reached the other side, so that to repeat it might do it twice. */
  readonly maybeSent: boolean;
  /** Whether the connection had served a request before, and may just have been closed for being idle. */
  readonly reused: boolean;

  constructor(target: string, cause: NodeJS.ErrnoException, maybeSent: boolean, reused = false) {
    super(`${target}: ${reasonOf(cause)}`, { cause });
    this.target = target;
    this.code = cause.code ?? '';
    this.maybeSent = maybeSent;
    this.reused = reused;
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was closed before the answer was in';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'no such host';
    case 'ENOENT':
      return 'no such socket';
    case 'CERT_HAS_EXPIRED':
      return 'the certificate has expired by the clock of this machine';
    case 'CERT_NOT_YET_VALID':
      return 'the certificate is not valid yet by the clock of this machine';
    default: {
      // Several addresses were tried; the reasons are inside.
      if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
      return error.message || (error.code ?? 'unknown error');
    }
  }
}
