import { quote } from '../../machinery/go-text.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest, forbiddenByAuthorizer } from '../../machinery/status-errors.ts';
import { requireAuthorized } from '../authz/require-authorized.ts';
import type { Authorizer, RequestInfo, ResourceRequestInfo, UserInfo } from '../request.ts';
import {
  allAuthenticated,
  allUnauthenticated,
  anonymousUser,
  nodeOfUsername,
  serviceAccountGroups,
  splitServiceAccountUsername,
} from './users.ts';

/** Whom the headers ask for, as they say it. */
interface WantedUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * One way to be allowed to act as another user. The constrained ones (KEP-5284) also ask for permission to do just this request
 * that way; `legacy` permits whatever the other user may do.
 */
interface Mode {
  readonly name: 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';
  applies(wanted: WantedUser, requestor: UserInfo): boolean;
}

const modes: readonly Mode[] = [
  {
    name: 'associated-node',
    applies: (wanted, requestor) =>
      onlyUsername(wanted) &&
      splitServiceAccountUsername(requestor.username) !== undefined &&
      nodeOfUsername(wanted.username) !== undefined &&
      nodeOfUsername(wanted.username) === only(requestor.extra['authentication.kubernetes.io/node-name']),
  },
  {
    name: 'arbitrary-node',
    applies: (wanted) => onlyUsername(wanted) && nodeOfUsername(wanted.username) !== undefined,
  },
  {
    name: 'serviceaccount',
    applies: (wanted) => onlyUsername(wanted) && splitServiceAccountUsername(wanted.username) !== undefined,
  },
  {
    name: 'user-info',
    applies: (wanted) =>
      nodeOfUsername(wanted.username) === undefined && splitServiceAccountUsername(wanted.username) === undefined,
  },
  { name: 'legacy', applies: () => true },
];

/** From so many values on, permission for all of them is asked for first. */
const manyValues = 4;

/** Lets a user act as another one by the `Impersonate-*` headers, as far as the authoriser permits it. */
export class Impersonation {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /**
   * Whom the request runs as: `requestor`, or the user that its headers ask for. Throws Forbidden, and BadRequest for headers that
   * name no user.
   */
  actAs(requestor: UserInfo, info: RequestInfo, headers: Readonly<Record<string, string>>): UserInfo {
    const wanted = wantedUser(headers);
    if (wanted === undefined) return requestor;
    let refusal: StatusError | undefined;
    for (const mode of modes) {
      if (!mode.applies(wanted, requestor)) continue;
      try {
        return this.#check(mode.name, requestor, info, wanted);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  #check(mode: Mode['name'], requestor: UserInfo, info: RequestInfo, wanted: WantedUser): UserInfo {
    const constrained = mode !== 'legacy';
    const asked = mode === 'associated-node' ? withNodeKeys(requestor) : requestor;
    if (constrained) {
      requireAuthorized(this.#authorizer, asked, { ...info, verb: `impersonate-on:${mode}:${info.verb}` });
    }
    const verb = constrained ? `impersonate:${mode}` : 'impersonate';
    const groups = this.#checkUsername(asked, verb, wanted, mode);
    if (wanted.uid !== '') this.#require(asked, verb, authentication, 'uids', wanted.uid);
    this.#checkGroups(asked, verb, wanted.groups, constrained);
    this.#checkExtra(asked, verb, wanted.extra, constrained);
    return {
      username: wanted.username,
      ...(wanted.uid !== '' && { uid: wanted.uid }),
      groups: withSystemGroup(wanted.username, groups),
      extra: wanted.extra,
    };
  }

  /** Answers the groups that come with the name. */
  #checkUsername(requestor: UserInfo, verb: string, wanted: WantedUser, mode: Mode['name']): readonly string[] {
    const group = mode === 'legacy' ? '' : authentication;
    const { username, groups } = wanted;
    const node = mode === 'legacy' ? undefined : nodeOfUsername(username);
    if (node !== undefined) {
      this.#require(requestor, verb, group, 'nodes', mode === 'associated-node' ? '*' : node);
      return ['system:nodes'];
    }
    const account = splitServiceAccountUsername(username);
    if (account === undefined) {
      this.#require(requestor, verb, group, 'users', username);
      return groups;
    }
    this.#require(requestor, verb, group, 'serviceaccounts', account.name, { namespace: account.namespace });
    return groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
  }

  #checkGroups(requestor: UserInfo, verb: string, groups: readonly string[], constrained: boolean): void {
    const apiGroup = constrained ? authentication : '';
    if (constrained) {
      const refuse = (name: string, why: string) =>
        forbiddenByAuthorizer(requestor.username, impersonationInfo(verb, apiGroup, 'groups', name), why);
      if (groups.includes('')) throw refuse('', 'impersonating the empty string group is not allowed');
      if (groups.includes('system:masters')) {
        throw refuse('system:masters', 'impersonating the system:masters group is not allowed');
      }
      if (groups.length >= manyValues && this.#allows(requestor, verb, 'groups', '')) return;
    }
    for (const group of groups) this.#require(requestor, verb, apiGroup, 'groups', group);
  }

  #checkExtra(requestor: UserInfo, verb: string, extra: WantedUser['extra'], constrained: boolean): void {
    const entries = Object.entries(extra);
    if (constrained) {
      const why = extraProblem(entries);
      if (why !== undefined) {
        throw forbiddenByAuthorizer(requestor.username, impersonationInfo(verb, authentication, 'userextras', ''), why);
      }
      const values = entries.reduce((sum, [, each]) => sum + each.length, 0);
      if (values >= manyValues && this.#allows(requestor, verb, 'userextras', '*')) return;
    }
    for (const [key, values] of entries) {
      for (const value of values) {
        this.#require(requestor, verb, authentication, 'userextras', value, { subresource: key });
      }
    }
  }

  #allows(requestor: UserInfo, verb: string, resource: string, subresource: string): boolean {
    const info = impersonationInfo(verb, authentication, resource, '*', { subresource });
    return this.#authorizer.authorize(requestor, info).decision === 'allow';
  }

  #require(
    requestor: UserInfo,
    verb: string,
    group: string,
    resource: string,
    name: string,
    more: Partial<ResourceRequestInfo> = {},
  ): void {
    requireAuthorized(this.#authorizer, requestor, impersonationInfo(verb, group, resource, name, more));
  }
}

const authentication = 'authentication.k8s.io';

function impersonationInfo(
  verb: string,
  group: string,
  resource: string,
  name: string,
  more: Partial<ResourceRequestInfo> = {},
): ResourceRequestInfo {
  return {
    isResource: true,
    path: '',
    verb,
    group,
    version: 'v1',
    resource,
    subresource: '',
    namespace: '',
    name,
    fieldSelector: '',
    labelSelector: '',
    ...more,
  };
}

function wantedUser(headers: Readonly<Record<string, string>>): WantedUser | undefined {
  const username = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const groups = valuesOf(headers['impersonate-group']);
  const prefix = 'impersonate-extra-';
  const extra: Record<string, readonly string[]> = {};
  for (const name in headers) {
    if (name.startsWith(prefix)) extra[unescapeKey(name.slice(prefix.length))] = valuesOf(headers[name]);
  }
  if (username !== '') return { username, uid, groups, extra };
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(`requested ${describe(uid, groups, extra)} without impersonating a user name`);
}

/** As the answer of Kubernetes has it: the value in Go's own notation. */
function describe(uid: string, groups: readonly string[], extra: WantedUser['extra']): string {
  const list = (values: readonly string[]) => `[]string{${values.map(quote).join(', ')}}`;
  const keys = Object.keys(extra).sort();
  const pairs = keys.map((key) => `${quote(key)}:${list(extra[key] ?? [])}`).join(', ');
  const groupText = groups.length === 0 ? '[]string(nil)' : list(groups);
  const extraText = keys.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${pairs}}`;
  return `&user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${groupText}, Extra:${extraText}}`;
}

/** A header that came several times has its values joined by a comma and a space. */
function valuesOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(', ');
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function extraProblem(entries: readonly (readonly [string, readonly string[]])[]): string | undefined {
  for (const [key, values] of entries) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    if (!/^[a-z0-9.-]+\/[^/].*$/i.test(key)) {
      const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${quote(key)}: ${why}`;
    }
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`;
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

function withSystemGroup(username: string, groups: readonly string[]): readonly string[] {
  if (groups.includes(allUnauthenticated)) return groups;
  if (username === anonymousUser.username) return [...groups, allUnauthenticated];
  return groups.includes(allAuthenticated) ? groups : [...groups, allAuthenticated];
}

/** Which node does not matter to a permission that holds for the own one: only the names of the extra values are left. */
function withNodeKeys(requestor: UserInfo): UserInfo {
  const keys = Object.keys(requestor.extra).sort();
  return { ...requestor, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
}

function onlyUsername(wanted: WantedUser): boolean {
  return wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
}

function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined;
}
