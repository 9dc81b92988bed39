import type { ResourceRequestInfo, UserInfo } from '../request.ts';

/**
 * What may be given up before it is done. The signal of a request is made when it is asked for, which most requests never do: ask
 * only where there is something to wait for.
 */
export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

/** One request about a resource, however it came: authenticated and authorised. */
export interface Call extends Cancellable {
  readonly info: ResourceRequestInfo;
  readonly user: UserInfo;
  /** What the client calls itself; names the field manager when nothing else does. */
  readonly userAgent: string;
  /** Collects lines for the `Warning` header. */
  warn(message: string): void;
}
