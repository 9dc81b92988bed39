import { dnsLabel, dnsSubdomain } from '../../machinery/names.ts';
import type { UserInfo } from '../request.ts';

export const allAuthenticated = 'system:authenticated';
export const allUnauthenticated = 'system:unauthenticated';

/** Who comes without credentials. */
export const anonymousUser: UserInfo = {
  username: 'system:anonymous',
  groups: [allUnauthenticated],
  extra: {},
};

/** Every user that showed credentials is in `system:authenticated`. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.groups.includes(allAuthenticated) || user.groups.includes(allUnauthenticated)) return user;
  return { ...user, groups: [...user.groups, allAuthenticated] };
}

/** `system:serviceaccount:namespace:name` */
export function serviceAccountUsername(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** The service account that a user name stands for, if it does. */
export function splitServiceAccountUsername(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = '', name = '', ...rest] = username.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || rest.length > 0) return undefined;
  const wrong = [...dnsLabel(namespace), ...dnsSubdomain(name)];
  return wrong.length === 0 ? { namespace, name } : undefined;
}

/** The node that a user name stands for, if it does. */
export function nodeOfUsername(username: string): string | undefined {
  const prefix = 'system:node:';
  if (!username.startsWith(prefix)) return undefined;
  const name = username.slice(prefix.length);
  return dnsSubdomain(name).length === 0 ? name : undefined;
}
