import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../request.ts';
import type { AuthenticatedToken, TokenAuthenticator } from './token-authenticator.ts';

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** Tokens that are known from the start, such as that of the administrator's kubeconfig. They speak to the API server alone. */
export class StaticTokens implements TokenAuthenticator {
  readonly name = 'static';
  readonly #tokens: readonly { readonly digest: Uint8Array<ArrayBuffer>; readonly user: UserInfo }[];
  readonly #apiAudiences: readonly string[];

  constructor(tokens: readonly StaticToken[], apiAudiences: readonly string[]) {
    this.#tokens = tokens.map(({ token, user }) => ({ digest: digestOf(token), user }));
    this.#apiAudiences = apiAudiences;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<AuthenticatedToken | undefined> {
    const user = this.#find(token);
    if (user === undefined) return undefined;
    const shared = this.#apiAudiences.filter((each) => audiences.includes(each));
    return shared.length === 0 ? undefined : { user, audiences: shared };
  }

  /** Looks at every token, equal or not, so that the time taken tells nothing about them. */
  #find(token: string): UserInfo | undefined {
    const digest = digestOf(token);
    let found: UserInfo | undefined;
    for (const each of this.#tokens) if (timingSafeEqual(digest, each.digest)) found = each.user;
    return found;
  }
}

function digestOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(token).digest());
}
