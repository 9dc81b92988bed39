import { describe, expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import type { RequestInfo, UserInfo } from '../request.ts';
import { RbacAuthorizer } from './rbac-authorizer.ts';
import { RbacPolicy } from './rbac-policy.ts';

function world() {
  const informers = {
    roles: new FakeInformer<Role>(roles),
    clusterRoles: new FakeInformer<ClusterRole>(clusterRoles),
    roleBindings: new FakeInformer<RoleBinding>(roleBindings),
    clusterRoleBindings: new FakeInformer<ClusterRoleBinding>(clusterRoleBindings),
  };
  const policy = new RbacPolicy(informers);
  const authorizer = new RbacAuthorizer(policy);
  return {
    ...informers,
    policy,
    authorizer,
    allows: (who: UserInfo, info: RequestInfo) => authorizer.authorize(who, info).decision === 'allow',
  };
}

function user(username: string, ...groups: string[]): UserInfo {
  return { username, groups, extra: {} };
}

function info(verb: string, resource: string, more: Partial<RequestInfo & { isResource: true }> = {}): RequestInfo {
  const [plural = '', subresource = ''] = resource.split('/');
  return {
    isResource: true,
    path: '',
    verb,
    group: '',
    version: 'v1',
    resource: plural,
    subresource,
    namespace: '',
    name: '',
    fieldSelector: '',
    labelSelector: '',
    ...more,
  };
}

function path(verb: string, url: string): RequestInfo {
  return { isResource: false, verb, path: url };
}

function clusterRole(name: string, ...rules: PolicyRule[]): ClusterRole {
  return { metadata: { name }, rules };
}

const group = 'rbac.authorization.k8s.io';
const bob: Subject = { kind: 'User', apiGroup: group, name: 'bob' };

function clusterBinding(name: string, role: string, ...subjects: Subject[]): ClusterRoleBinding {
  return { metadata: { name }, subjects, roleRef: { apiGroup: group, kind: 'ClusterRole', name: role } };
}

function binding(namespace: string, name: string, kind: string, role: string, ...subjects: Subject[]): RoleBinding {
  return { metadata: { name, namespace }, subjects, roleRef: { apiGroup: group, kind, name: role } };
}

describe('one rule', () => {
  const rule = (more: Partial<PolicyRule>): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [], ...more });
  test.each<[string, PolicyRule, RequestInfo, boolean]>([
    ['the resource named', rule({ resources: ['pods'] }), info('get', 'pods'), true],
    ['another verb', rule({ resources: ['pods'] }), info('list', 'pods'), false],
    ['every verb', rule({ verbs: ['*'], resources: ['pods'] }), info('escalate', 'pods'), true],
    ['another group', rule({ resources: ['pods'] }), info('get', 'pods', { group: 'metrics.k8s.io' }), false],
    ['every group', rule({ apiGroups: ['*'], resources: ['pods'] }), info('get', 'pods', { group: 'x' }), true],
    ['a resource does not give its subresources', rule({ resources: ['pods'] }), info('get', 'pods/log'), false],
    ['a subresource does not give its resource', rule({ resources: ['pods/log'] }), info('get', 'pods'), false],
    ['the subresource named', rule({ resources: ['pods/log'] }), info('get', 'pods/log'), true],
    ['every resource with its subresources', rule({ resources: ['*'] }), info('get', 'pods/log'), true],
    ['a subresource of every resource', rule({ resources: ['*/scale'] }), info('get', 'deployments/scale'), true],
    ['that and no other subresource', rule({ resources: ['*/scale'] }), info('get', 'deployments/status'), false],
    ['a star behind the slash means nothing', rule({ resources: ['pods/*'] }), info('get', 'pods/log'), false],
    ['the name', rule({ resources: ['pods'], resourceNames: ['a'] }), info('get', 'pods', { name: 'a' }), true],
    ['another name', rule({ resources: ['pods'], resourceNames: ['a'] }), info('get', 'pods', { name: 'b' }), false],
    ['no name', rule({ resources: ['pods'], resourceNames: ['a'] }), info('get', 'pods'), false],
    [
      'a star is no wildcard for names',
      rule({ resources: ['pods'], resourceNames: ['*'] }),
      info('get', 'pods', { name: 'a' }),
      false,
    ],
    ['the path', rule({ nonResourceURLs: ['/healthz'] }), path('get', '/healthz'), true],
    ['below the path', rule({ nonResourceURLs: ['/healthz'] }), path('get', '/healthz/ping'), false],
    ['below a starred path', rule({ nonResourceURLs: ['/healthz/*'] }), path('get', '/healthz/ping'), true],
    ['a starred path itself', rule({ nonResourceURLs: ['/healthz/*'] }), path('get', '/healthz'), false],
    ['every path', rule({ nonResourceURLs: ['*'] }), path('get', '/x'), true],
    ['paths are not resources', rule({ resources: ['*'] }), path('get', '/x'), false],
    ['resources are not paths', rule({ nonResourceURLs: ['*'] }), info('get', 'pods'), false],
  ])('%s', (_, policyRule, request, expected) => {
    const { clusterRoles, clusterRoleBindings, allows } = world();
    clusterRoles.set(clusterRole('r', policyRule));
    clusterRoleBindings.set(clusterBinding('b', 'r', bob));
    expect(allows(user('bob'), request)).toBe(expected);
    expect(allows(user('eve'), request)).toBe(false);
  });
});

describe('subjects', () => {
  const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

  test('a group, and a service account that takes the namespace of the binding', () => {
    const { roles, roleBindings, allows } = world();
    roles.set({ metadata: { name: 'r', namespace: 'one' }, rules: [pods] });
    roleBindings.set(
      binding(
        'one',
        'b',
        'Role',
        'r',
        { kind: 'Group', apiGroup: group, name: 'devs' },
        { kind: 'ServiceAccount', name: 'robot' },
      ),
    );
    const inOne = info('get', 'pods', { namespace: 'one' });
    expect(allows(user('x', 'devs'), inOne)).toBe(true);
    expect(allows(user('system:serviceaccount:one:robot'), inOne)).toBe(true);
    expect(allows(user('system:serviceaccount:two:robot'), inOne)).toBe(false);
    expect(allows(user('x', 'devs'), info('get', 'pods', { namespace: 'two' }))).toBe(false);
    expect(allows(user('x', 'devs'), info('get', 'pods'))).toBe(false);
  });

  test('a role binding to a cluster role gives its rules in the namespace alone', () => {
    const { clusterRoles, roleBindings, allows } = world();
    clusterRoles.set(clusterRole('r', pods, { verbs: ['get'], nonResourceURLs: ['/x'] }));
    roleBindings.set(binding('one', 'b', 'ClusterRole', 'r', bob));
    expect(allows(user('bob'), info('get', 'pods', { namespace: 'one' }))).toBe(true);
    expect(allows(user('bob'), info('get', 'pods'))).toBe(false);
    expect(allows(user('bob'), path('get', '/x'))).toBe(false);
  });
});

test('a change of any object is seen by the next request', () => {
  const { clusterRoles, clusterRoleBindings, roleBindings, allows } = world();
  const rule: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const who = user('bob');
  const request = info('get', 'pods', { namespace: 'one' });
  expect(allows(who, request)).toBe(false);
  clusterRoleBindings.set(clusterBinding('b', 'r', bob));
  expect(allows(who, request)).toBe(false);
  clusterRoles.set(clusterRole('r', rule));
  expect(allows(who, request)).toBe(true);
  clusterRoleBindings.set(clusterBinding('b', 'r', { ...bob, name: 'eve' }));
  expect(allows(who, request)).toBe(false);
  roleBindings.set(binding('one', 'b', 'ClusterRole', 'r', bob));
  expect(allows(who, request)).toBe(true);
  clusterRoles.set(clusterRole('r', { ...rule, verbs: ['list'] }));
  expect(allows(who, request)).toBe(false);
  clusterRoles.set(clusterRole('r', rule));
  roleBindings.remove('b', 'one');
  expect(allows(who, request)).toBe(false);
});

test('reasons name the binding, or the roles that are missing', () => {
  const { clusterRoles, clusterRoleBindings, roleBindings, authorizer } = world();
  clusterRoles.set(clusterRole('r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }));
  clusterRoleBindings.set(clusterBinding('all', 'r', bob));
  roleBindings.set(binding('one', 'some', 'ClusterRole', 'r', { kind: 'ServiceAccount', name: 'robot' }));
  clusterRoleBindings.set(clusterBinding('lost', 'gone', { ...bob, name: 'eve' }));
  roleBindings.set(binding('one', 'lost', 'Role', 'gone too', { ...bob, name: 'eve' }));
  const request = info('get', 'pods', { namespace: 'one' });
  const reason = (username: string) => authorizer.authorize(user(username), request).reason;
  expect(reason('bob')).toBe('RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "r" to User "bob"');
  expect(reason('system:serviceaccount:one:robot')).toBe(
    'RBAC: allowed by RoleBinding "some/one" of ClusterRole "r" to ServiceAccount "robot/one"',
  );
  expect(reason('eve')).toBe(
    'rbac: RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone too" not found]',
  );
  expect(reason('nobody')).toBe('');
});

test('the policy lets go of its informers', () => {
  const { policy, ...informers } = world();
  policy.close();
  for (const name of ['roles', 'clusterRoles', 'roleBindings', 'clusterRoleBindings'] as const)
    expect(informers[name].handlerCount).toBe(0);
});
