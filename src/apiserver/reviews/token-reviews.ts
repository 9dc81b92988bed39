import type { KubeObject } from '../../machinery/object.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { TokenReview, TokenReviewStatus } from '../../resources/schema/authentication-v1.generated.ts';
import { tokenReviews } from '../../resources/schema/resource-types.generated.ts';
import type { BearerTokens } from '../authn/bearer-tokens.ts';
import { TokenError } from '../authn/token-authenticator.ts';
import type { ResourceContext, ReviewHandler } from '../registry/extension-points.ts';
import { userInfoOf } from './user-info.ts';

/** `tokenreviews`: whom a bearer token stands for, told to servers that trust this one. */
export class TokenReviews implements ReviewHandler {
  readonly resource = tokenReviews;
  readonly #tokens: BearerTokens;

  constructor(tokens: BearerTokens) {
    this.#tokens = tokens;
  }

  async create(_: ResourceContext, body: KubeObject): Promise<TokenReview> {
    const review = body as TokenReview;
    const token = review.spec?.token ?? '';
    const audiences = review.spec?.audiences ?? [];
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    return { ...review, status: await this.#status(token, audiences) };
  }

  async #status(token: string, audiences: readonly string[]): Promise<TokenReviewStatus> {
    try {
      const found = await this.#tokens.review(token, audiences);
      return { authenticated: true, user: userInfoOf(found.user), audiences: found.audiences };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { user: {}, error: error.message };
    }
  }
}
