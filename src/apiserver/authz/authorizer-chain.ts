import type { Authorizer, Decision, RequestInfo, UserInfo } from '../request.ts';

/** Asks one authoriser after another; the first that has an opinion decides. When none has, the reasons of all are told. */
export class AuthorizerChain implements Authorizer {
  readonly name = 'chain';
  readonly #authorizers: readonly Authorizer[];

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers;
  }

  authorize(user: UserInfo, info: RequestInfo): Decision {
    const reasons: string[] = [];
    for (const authorizer of this.#authorizers) {
      const decision = authorizer.authorize(user, info);
      if (decision.decision !== 'noOpinion') return decision;
      if (decision.reason !== '') reasons.push(decision.reason);
    }
    return { decision: 'noOpinion', reason: reasons.join('\n') };
  }
}
