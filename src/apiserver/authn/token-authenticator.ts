import type { UserInfo } from '../request.ts';

/** Whom a token stands for, and to which of the audiences asked for it speaks. */
export interface AuthenticatedToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** One kind of bearer token. */
export interface TokenAuthenticator {
  readonly name: string;
  /**
   * Undefined: the token is not of this kind, or not known. Throws `TokenError` when it is of this kind and not good. `audiences`
   * are those the caller asks for.
   */
  authenticateToken(token: string, audiences: readonly string[]): Promise<AuthenticatedToken | undefined>;
}

/** Why a token is no good; told to those who review tokens, never to the one who came with it. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
