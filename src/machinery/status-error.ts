/** One cause in the details of a Status. */
export interface StatusCause {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly field?: string | undefined;
}

export interface StatusDetails {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** The `Status` object of a failure, as kubectl and every client read it. */
export interface FailureStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: StatusReason | undefined;
  readonly details?: StatusDetails | undefined;
  /** HTTP status. */
  readonly code: number;
}

export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable';

/** The one error that crosses a seam of the API: it carries a `Status` that is sent to the client as it stands. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: FailureStatus;

  /** `metadata`: only the 410 that offers a `continue` token has some. */
  constructor(
    status: Omit<FailureStatus, 'kind' | 'apiVersion' | 'metadata' | 'status'> & { readonly metadata?: object },
    options?: ErrorOptions,
  ) {
    super(status.message, options);
    const { metadata = {}, message, reason, details, code } = status;
    // In the order in which Kubernetes writes it, for this is sent as it stands.
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata,
      status: 'Failure',
      message,
      ...(reason !== undefined && { reason }),
      ...(details !== undefined && { details }),
      code,
    };
  }

  get reason(): StatusReason | undefined {
    return this.status.reason;
  }

  get code(): number {
    return this.status.code;
  }
}

/** Whether this is a `StatusError` of the given reason. */
export function isReason(error: unknown, reason: StatusReason): error is StatusError {
  return error instanceof StatusError && error.reason === reason;
}
