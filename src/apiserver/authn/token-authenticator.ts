import { quote } from '../../machinery/go-text.ts';
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

/** Those that a token speaks to of whom it is shown to; throws when it is none. */
export function sharedAudiences(speaksTo: readonly string[], shownTo: readonly string[]): readonly string[] {
  const shared = speaksTo.filter((each) => shownTo.includes(each));
  if (shared.length > 0) return shared;
  throw new TokenError(
    `token audiences ${quoteAll(speaksTo)} is invalid for the target audiences ${quoteAll(shownTo)}`,
  );
}

function quoteAll(texts: readonly string[]): string {
  return `[${texts.map(quote).join(' ')}]`;
}
