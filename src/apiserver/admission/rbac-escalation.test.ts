import { beforeEach, expect, test } from 'vitest';
import { administrator, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
} from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import { RbacAuthorizer } from '../authz/rbac-authorizer.ts';
import { RbacPolicy } from '../authz/rbac-policy.ts';
import type { UserInfo } from '../request.ts';
import { RbacEscalation } from './rbac-escalation.ts';

const group = 'rbac.authorization.k8s.io';
const robot: UserInfo = {
  username: 'system:serviceaccount:auth:robot',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: {},
};
const head = (what: string) =>
  `${what} is forbidden: user "system:serviceaccount:auth:robot" (groups=["system:serviceaccounts" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n`;

let bindings: FakeInformer<RoleBinding>;
let reader: FakeReader;
let plugin: RbacEscalation;

/** The robot holds these rules, cluster-wide. */
function holding(...rules: PolicyRule[]): void {
  bindings = new FakeInformer<RoleBinding>(roleBindings);
  reader = new FakeReader();
  const policy = new RbacPolicy({
    roles: new FakeInformer<Role>(roles),
    clusterRoles: new FakeInformer<ClusterRole>(clusterRoles, [
      { metadata: { name: 'held' }, rules },
      { metadata: { name: 'view' }, rules: [read('pods')] },
    ]),
    roleBindings: bindings,
    clusterRoleBindings: new FakeInformer<ClusterRoleBinding>(clusterRoleBindings, [
      {
        metadata: { name: 'held' },
        subjects: [{ kind: 'User', apiGroup: group, name: robot.username }],
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'held' },
      },
    ]),
  });
  plugin = new RbacEscalation(policy, new RbacAuthorizer(policy), reader);
}

beforeEach(() => holding());

const read = (...resources: string[]): PolicyRule => ({ verbs: ['get', 'list'], apiGroups: [''], resources });
const role = (...rules: PolicyRule[]): Role => ({ metadata: { name: 'a', namespace: 'auth' }, rules });
const binding = (kind: string, name: string): RoleBinding => ({
  metadata: { name: 'b', namespace: 'auth' },
  roleRef: { apiGroup: group, kind, name },
});
const create = (type: ResourceType, object: KubeObject, user = robot) =>
  verdict(plugin, attributes('CREATE', type, object, { user }));
const update = (type: ResourceType, object: KubeObject, old: KubeObject) =>
  verdict(plugin, attributes('UPDATE', type, object, { user: robot, old }));

test('what one does not hold, one does not give', async () => {
  expect(await create(roles, role({ ...read('pods', 'secrets'), resourceNames: ['x'] }))).toBe(
    `${head('roles.rbac.authorization.k8s.io "a"')}{APIGroups:[""], Resources:["pods"], ResourceNames:["x"], Verbs:["get" "list"]}\n{APIGroups:[""], Resources:["secrets"], ResourceNames:["x"], Verbs:["get" "list"]}`,
  );
  const urls = { verbs: ['get'], nonResourceURLs: ['/foo', '/bar'] };
  expect(await create(clusterRoles, { metadata: { name: 'c' }, rules: [urls] } as ClusterRole)).toBe(
    `${head('clusterroles.rbac.authorization.k8s.io "c"')}{NonResourceURLs:["/bar"], Verbs:["get"]}\n{NonResourceURLs:["/foo"], Verbs:["get"]}`,
  );
  expect(await create(roles, role(read('pods')), administrator)).toBe('admitted');
});

test('what one holds, one gives', async () => {
  holding(read('pods'));
  expect(await create(roles, role(read('pods')))).toBe('admitted');
  expect(await create(roleBindings, binding('ClusterRole', 'view'))).toBe('admitted');
  expect(await create(roles, role(read('pods'), read('secrets')))).toContain('Resources:["secrets"]');
});

test('escalate lets one write any role, bind bind any', async () => {
  holding({ verbs: ['escalate', 'bind'], apiGroups: [group], resources: ['roles', 'clusterroles'] });
  expect(await create(roles, role(read('secrets')))).toBe('admitted');
  expect(await create(roleBindings, binding('ClusterRole', 'view'))).toBe('admitted');
  holding({ verbs: ['bind'], apiGroups: [group], resources: ['clusterroles'], resourceNames: ['view'] });
  expect(await create(roleBindings, binding('ClusterRole', 'view'))).toBe('admitted');
  expect(await create(roles, role(read('secrets')))).toContain('not currently held');
});

test('a binding gives the rules of its role, which must exist', async () => {
  expect(await create(roleBindings, binding('ClusterRole', 'view'))).toBe(
    `${head('rolebindings.rbac.authorization.k8s.io "b"')}{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`,
  );
  expect(await create(roleBindings, binding('Role', 'none'))).toBe(
    'rolebindings.rbac.authorization.k8s.io "none" not found',
  );
  reader.set(roles, { metadata: { name: 'none', namespace: 'auth' }, rules: [] });
  expect(await create(roleBindings, binding('Role', 'none'))).toBe('admitted');
});

test('gathering rules by labels takes every permission', async () => {
  const aggregated: ClusterRole = {
    metadata: { name: 'c' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  };
  const refusal =
    'clusterroles.rbac.authorization.k8s.io "c" is forbidden: must have cluster-admin privileges to use the aggregationRule';
  expect(await create(clusterRoles, aggregated)).toBe(refusal);
  expect(await update(clusterRoles, { metadata: { name: 'c' } }, aggregated)).toBe(refusal);
  holding({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] });
  expect(await create(clusterRoles, aggregated)).toBe('admitted');
});

test('an update is looked at as a whole, unless it changes owners and finalizers alone', async () => {
  const old = role(read('secrets'));
  expect(await update(roles, { ...old, metadata: { ...old.metadata, labels: { a: 'b' } } }, old)).toContain(
    'not currently held',
  );
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' }];
  const metadata = { ...old.metadata, ownerReferences, finalizers: ['f'], managedFields: [], resourceVersion: '7' };
  expect(await update(roles, { ...old, metadata }, old)).toBe('admitted');
});

test('roles that could not be found are told', async () => {
  bindings.set({
    metadata: { name: 'lost', namespace: 'auth' },
    subjects: [{ kind: 'User', apiGroup: group, name: robot.username }],
    roleRef: { apiGroup: group, kind: 'Role', name: 'gone' },
  });
  expect(await create(roles, role(read('pods')))).toBe(
    `${head('roles.rbac.authorization.k8s.io "a"')}{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}; resolution errors: [roles.rbac.authorization.k8s.io "gone" not found]`,
  );
});
