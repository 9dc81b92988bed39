import { unauthorized } from '../../machinery/status-errors.ts';
import type { Authenticator, Credentials, UserInfo } from '../request.ts';
import { type AuthenticatedToken, type TokenAuthenticator, TokenError } from './token-authenticator.ts';
import { withAuthenticatedGroup } from './users.ts';

/** The token of an `Authorization: Bearer` header; undefined when there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  const [scheme = '', token = ''] = (header ?? '').trim().split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

/** Bearer tokens of every kind, for requests and for those who review tokens. */
export class BearerTokens implements Authenticator {
  readonly name = 'bearerToken';
  readonly #authenticators: readonly TokenAuthenticator[];
  readonly #apiAudiences: readonly string[];
  /** Keeps one object for each user of a kind, so that what is remembered about users finds them again. */
  readonly #withGroup = new WeakMap<UserInfo, UserInfo>();

  constructor(authenticators: readonly TokenAuthenticator[], apiAudiences: readonly string[]) {
    this.#authenticators = authenticators;
    this.#apiAudiences = apiAudiences;
  }

  async authenticate(credentials: Credentials): Promise<UserInfo | undefined> {
    const token = bearerToken(credentials.http.headers['authorization']);
    if (token === undefined) return undefined;
    try {
      return (await this.review(token, this.#apiAudiences)).user;
    } catch (error) {
      if (error instanceof TokenError) throw unauthorized();
      throw error;
    }
  }

  /** Throws `TokenError` with what every kind of token had to say. No audiences: those of the API server. */
  async review(token: string, audiences: readonly string[]): Promise<AuthenticatedToken> {
    const wanted = audiences.length === 0 ? this.#apiAudiences : audiences;
    const errors: string[] = [];
    for (const authenticator of this.#authenticators) {
      try {
        const found = await authenticator.authenticateToken(token, wanted);
        if (found === undefined) continue;
        const user = this.#withGroup.getOrInsertComputed(found.user, withAuthenticatedGroup);
        return { user, audiences: found.audiences };
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        errors.push(error.message);
      }
    }
    const message = 'invalid bearer token';
    throw new TokenError(errors.length === 0 ? message : `[${[message, ...errors].join(', ')}]`);
  }
}
