import type { UserInfo as ApiUserInfo } from '../../resources/schema/authentication-v1.generated.ts';
import type { UserInfo } from '../request.ts';

/** A user as the API shows it: what is empty is left out. */
export function userInfoOf({ username, uid = '', groups, extra }: UserInfo): ApiUserInfo {
  return {
    ...(username !== '' && { username }),
    ...(uid !== '' && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
