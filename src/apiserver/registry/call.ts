import type { ResourceRequestInfo, UserInfo } from '../request.ts';

/** One request about a resource, however it came: authenticated and authorised. */
export interface Call {
  readonly info: ResourceRequestInfo;
  readonly user: UserInfo;
  /** What the client calls itself; names the field manager when nothing else does. */
  readonly userAgent: string;
  readonly signal: AbortSignal | undefined;
  /** Collects lines for the `Warning` header. */
  warn(message: string): void;
}
