import { expect, test } from 'vitest';
import type { Authorizer, RequestInfo, ResourceRequestInfo, UserInfo } from '../request.ts';
import { Impersonation } from './impersonation.ts';

const listPods: ResourceRequestInfo = {
  isResource: true,
  path: '/api/v1/namespaces/auth/pods',
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'auth',
  name: '',
  fieldSelector: '',
  labelSelector: '',
};

const robot: UserInfo = {
  username: 'system:serviceaccount:auth:robot',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
};

/** Allows what is listed as `verb resource[/subresource] name` or, for a path, `verb path`. */
function allowing(...allowed: readonly string[]): { readonly impersonation: Impersonation; readonly asked: string[] } {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    name: 'test',
    authorize(_, info: RequestInfo) {
      const text = info.isResource
        ? `${info.verb} ${[info.resource, info.subresource].filter((part) => part !== '').join('/')} ${info.name}`.trim()
        : `${info.verb} ${info.path}`;
      asked.push(text);
      return { decision: allowed.includes(text) || allowed.includes('*') ? 'allow' : 'noOpinion', reason: '' };
    },
  };
  return { impersonation: new Impersonation(authorizer), asked };
}

test('without headers nobody is asked and the requestor stays', () => {
  const { impersonation, asked } = allowing();
  expect(impersonation.actAs(robot, listPods, { accept: '*/*' })).toBe(robot);
  expect(asked).toEqual([]);
});

test.each<[Record<string, string>, Partial<UserInfo>]>([
  [{ 'impersonate-user': 'bob' }, { username: 'bob', groups: ['system:authenticated'] }],
  [
    { 'impersonate-user': 'system:serviceaccount:a:b' },
    {
      username: 'system:serviceaccount:a:b',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    },
  ],
  [
    { 'impersonate-user': 'system:node:n2' },
    { username: 'system:node:n2', groups: ['system:nodes', 'system:authenticated'] },
  ],
  [{ 'impersonate-user': 'system:anonymous' }, { username: 'system:anonymous', groups: ['system:unauthenticated'] }],
  [
    {
      'impersonate-user': 'bob',
      'impersonate-group': 'devs, ops',
      'impersonate-uid': '5',
      'impersonate-extra-acme.io%2fscopes': 'view',
    },
    { groups: ['devs', 'ops', 'system:authenticated'], uid: '5', extra: { 'acme.io/scopes': ['view'] } },
  ],
  [
    { 'impersonate-user': 'bob', 'impersonate-group': 'system:unauthenticated' },
    { groups: ['system:unauthenticated'] },
  ],
])('one who may do everything becomes %j', (headers, expected) => {
  expect(allowing('*').impersonation.actAs(robot, listPods, headers)).toMatchObject(expected);
});

test('permission to impersonate at all is enough', () => {
  const { impersonation } = allowing('impersonate users bob');
  expect(impersonation.actAs(robot, listPods, { 'impersonate-user': 'bob' }).username).toBe('bob');
  expect(() => impersonation.actAs(robot, listPods, { 'impersonate-user': 'eve' })).toThrow('forbidden');
});

test('constrained permission holds for the user and the request together', () => {
  const headers = { 'impersonate-user': 'bob' };
  const both = allowing('impersonate-on:user-info:list pods', 'impersonate:user-info users bob');
  expect(both.impersonation.actAs(robot, listPods, headers).username).toBe('bob');
  expect(() => both.impersonation.actAs(robot, { ...listPods, verb: 'watch' }, headers)).toThrow();
  const one = allowing('impersonate:user-info users bob');
  expect(() => one.impersonation.actAs(robot, listPods, headers)).toThrow();
});

test('a service account acts as its own node by a permission for all nodes', () => {
  const own = allowing('impersonate-on:associated-node:list pods', 'impersonate:associated-node nodes *');
  const acting = own.impersonation.actAs(robot, listPods, { 'impersonate-user': 'system:node:n1' });
  expect(acting.groups).toEqual(['system:nodes', 'system:authenticated']);
  expect(() => own.impersonation.actAs(robot, listPods, { 'impersonate-user': 'system:node:n2' })).toThrow();
});

test.each<[Record<string, string>, RequestInfo, string]>([
  [
    { 'impersonate-user': 'bob' },
    listPods,
    'pods is forbidden: User "system:serviceaccount:auth:robot" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "auth"',
  ],
  [
    { 'impersonate-user': 'system:serviceaccount:a:b' },
    listPods,
    'pods is forbidden: User "system:serviceaccount:auth:robot" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" in the namespace "auth"',
  ],
  [
    { 'impersonate-user': 'system:node:n2' },
    listPods,
    'pods is forbidden: User "system:serviceaccount:auth:robot" cannot impersonate-on:arbitrary-node:list resource "pods" in API group "" in the namespace "auth"',
  ],
  [
    { 'impersonate-user': 'system:node:n2', 'impersonate-group': 'g' },
    listPods,
    'users "system:node:n2" is forbidden: User "system:serviceaccount:auth:robot" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],
  [
    { 'impersonate-user': 'bob' },
    { isResource: false, path: '/foo', verb: 'get' },
    'forbidden: User "system:serviceaccount:auth:robot" cannot impersonate-on:user-info:get path "/foo"',
  ],
  [
    { 'impersonate-group': 'devs' },
    listPods,
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"devs"}, Extra:map[string][]string(nil)} without impersonating a user name',
  ],
  [
    { 'impersonate-uid': '1' },
    listPods,
    'requested &user.DefaultInfo{Name:"", UID:"1", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name',
  ],
])('%j is refused as Kubernetes refuses it', (headers, info, message) => {
  expect(() => allowing().impersonation.actAs(robot, info, headers)).toThrow(message);
});

test('system:masters is out of reach of constrained permission', () => {
  const { impersonation } = allowing(
    'impersonate-on:user-info:list pods',
    'impersonate:user-info users bob',
    'impersonate:user-info groups system:masters',
  );
  expect(() =>
    impersonation.actAs(robot, listPods, { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' }),
  ).toThrow('impersonating the system:masters group is not allowed');
});

test('many groups are asked for at once, and one by one when that is refused', () => {
  const headers = { 'impersonate-user': 'bob', 'impersonate-group': 'a, b, c, d' };
  const wildcard = allowing(
    'impersonate-on:user-info:list pods',
    'impersonate:user-info users bob',
    'impersonate:user-info groups *',
  );
  expect(wildcard.impersonation.actAs(robot, listPods, headers).groups).toHaveLength(5);
  const some = allowing(
    'impersonate-on:user-info:list pods',
    'impersonate:user-info users bob',
    ...['a', 'b', 'c'].map((group) => `impersonate:user-info groups ${group}`),
  );
  expect(() => some.impersonation.actAs(robot, listPods, headers)).toThrow(
    'groups.authentication.k8s.io "d" is forbidden',
  );
});
