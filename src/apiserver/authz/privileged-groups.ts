import type { Authorizer, Decision, UserInfo } from '../request.ts';

const allowed: Decision = { decision: 'allow', reason: '' };
const noOpinion: Decision = { decision: 'noOpinion', reason: '' };

/** Members of `system:masters` may do everything, before any policy is looked at, so that no policy can lock them out. */
export const privilegedGroups: Authorizer = {
  name: 'privilegedGroups',
  authorize: (user: UserInfo) => (user.groups.includes('system:masters') ? allowed : noOpinion),
};
