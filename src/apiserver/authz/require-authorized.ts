import { forbiddenByAuthorizer } from '../../machinery/status-errors.ts';
import type { Authorizer, RequestInfo, UserInfo } from '../request.ts';

/** Throws Forbidden unless the authoriser allows the request. */
export function requireAuthorized(authorizer: Authorizer, user: UserInfo, info: RequestInfo): void {
  const decision = authorizer.authorize(user, info);
  if (decision.decision !== 'allow') throw forbiddenByAuthorizer(user.username, info, decision.reason);
}
