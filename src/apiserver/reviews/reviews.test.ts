import { describe, expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import { BearerTokens } from '../authn/bearer-tokens.ts';
import { StaticTokens } from '../authn/static-tokens.ts';
import { RbacAuthorizer } from '../authz/rbac-authorizer.ts';
import { RbacPolicy } from '../authz/rbac-policy.ts';
import type { UserInfo } from '../request.ts';
import { accessReviews } from './access-reviews.ts';
import { RulesReviews } from './rules-reviews.ts';
import { SelfSubjectReviews } from './self-subject-reviews.ts';
import { TokenReviews } from './token-reviews.ts';

const group = 'rbac.authorization.k8s.io';
const bob: UserInfo = { username: 'bob', groups: ['system:authenticated'], extra: {} };

const policy = new RbacPolicy({
  roles: new FakeInformer<Role>(roles),
  clusterRoles: new FakeInformer<ClusterRole>(clusterRoles, [
    {
      metadata: { name: 'view' },
      rules: [
        { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
        { verbs: ['get'], nonResourceURLs: ['/api', '/api/*'] },
      ],
    },
  ]),
  roleBindings: new FakeInformer<RoleBinding>(roleBindings, [
    {
      metadata: { name: 'lost', namespace: 'auth' },
      subjects: [{ kind: 'User', apiGroup: group, name: 'bob' }],
      roleRef: { apiGroup: group, kind: 'Role', name: 'gone' },
    },
  ]),
  clusterRoleBindings: new FakeInformer<ClusterRoleBinding>(clusterRoleBindings, [
    {
      metadata: { name: 'view' },
      subjects: [{ kind: 'Group', apiGroup: group, name: 'system:authenticated' }],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' },
    },
  ]),
});
const [self, other, local] = accessReviews(new RbacAuthorizer(policy));
if (self === undefined || other === undefined || local === undefined) throw new Error('three reviews');

const object = (spec: object, metadata: object = {}): KubeObject => ({ metadata, spec }) as KubeObject;
const problem = (answer: Promise<object>) =>
  answer.then(
    () => 'accepted',
    (error: StatusError) => error.message,
  );
const reason = 'RBAC: allowed by ClusterRoleBinding "view" of ClusterRole "view" to Group "system:authenticated"';
const getPods = { verb: 'get', resource: 'pods' };

describe('access reviews', () => {
  test('one asks about oneself', async () => {
    const ask = (spec: object) => self.create(resourceContext({}, bob), object(spec));
    expect(await ask({ resourceAttributes: getPods })).toEqual({
      metadata: {},
      spec: { resourceAttributes: getPods },
      status: { allowed: true, reason },
    });
    expect(await ask({ resourceAttributes: { ...getPods, verb: 'delete' } })).toMatchObject({
      status: { allowed: false },
    });
    expect(await ask({ nonResourceAttributes: { verb: 'get', path: '/api/v1' } })).toMatchObject({
      status: { allowed: true },
    });
  });

  test('or about another, who is taken as told', async () => {
    const ask = (spec: object) => other.create(resourceContext({}), object({ ...spec, resourceAttributes: getPods }));
    expect(await ask({ user: 'bob' })).toMatchObject({ status: { allowed: false } });
    expect(await ask({ groups: ['system:authenticated'] })).toMatchObject({ status: { allowed: true, reason } });
  });

  test('what is missing is told as the reason', async () => {
    const resourceAttributes = { verb: 'delete', resource: 'pods', namespace: 'auth' };
    const body = object({ user: 'bob', resourceAttributes });
    expect(await local.create(resourceContext({ namespace: 'auth' }), body)).toMatchObject({
      metadata: { namespace: 'auth' },
      status: { allowed: false, reason: 'rbac: RBAC: role.rbac.authorization.k8s.io "gone" not found' },
    });
  });

  test('a selector that cannot be read does not count, and is told', async () => {
    const labelSelector = { requirements: [{ key: 'a', operator: 'Foo', values: ['x'] }] };
    const fieldSelector = { requirements: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] };
    const ask = (more: object) =>
      self.create(resourceContext({}, bob), object({ resourceAttributes: { ...getPods, ...more } }));
    const ignored = (name: string) => `spec.resourceAttributes.${name} ignored due to parse error`;
    expect(await ask({ labelSelector })).toMatchObject({
      status: { allowed: true, evaluationError: ignored('labelSelector') },
    });
    expect(await ask({ labelSelector, fieldSelector })).toMatchObject({
      status: { evaluationError: `[${ignored('fieldSelector')}, ${ignored('labelSelector')}]` },
    });
    const good = { requirements: [{ key: 'a', operator: 'In', values: ['x'] }] };
    expect((await ask({ labelSelector: good, fieldSelector: good })) as object).not.toHaveProperty(
      'status.evaluationError',
    );
  });

  const head = '.authorization.k8s.io "" is invalid: ';
  test.each<[typeof self, object, object, string]>([
    [
      self,
      {},
      {},
      `${head}spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified`,
    ],
    [
      self,
      { resourceAttributes: getPods, nonResourceAttributes: { path: '/x', verb: 'get' } },
      {},
      `${head}spec: Invalid value: {"Path":"/x","Verb":"get"}: exactly one of nonResourceAttributes or resourceAttributes must be specified`,
    ],
    [
      self,
      { resourceAttributes: getPods },
      { name: 'a' },
      `${head}metadata: Invalid value: {"name":"a"}: must be empty`,
    ],
    [self, { resourceAttributes: getPods }, { namespace: 'a', managedFields: [] }, 'accepted'],
    [
      self,
      { resourceAttributes: { ...getPods, fieldSelector: { rawSelector: 'a=b', requirements: [{ key: 'a' }] } } },
      {},
      `${head}spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
    ],
    [
      other,
      { resourceAttributes: getPods },
      {},
      `${head}spec.user: Invalid value: "": at least one of user or group must be specified`,
    ],
    [
      local,
      { user: 'bob', resourceAttributes: getPods },
      {},
      `${head}spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace`,
    ],
    [
      local,
      { user: 'bob', nonResourceAttributes: { path: '/', verb: 'get' } },
      {},
      `${head}spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of request`,
    ],
    [
      local,
      { user: 'bob', resourceAttributes: { ...getPods, namespace: 'auth' } },
      { namespace: 'x' },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
  ])('%#: refused as Kubernetes refuses it', async (review, spec, metadata, message) => {
    const context = resourceContext({ namespace: 'auth' }, bob);
    expect(await problem(review.create(context, object(spec, metadata)))).toBe(message);
  });
});

test('rules of a user in a namespace, with what could not be found', async () => {
  const rules = new RulesReviews(policy);
  expect(await rules.create(resourceContext({}, bob), object({ namespace: 'auth' }))).toMatchObject({
    spec: {},
    status: {
      resourceRules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/api', '/api/*'] }],
      incomplete: false,
      evaluationError: 'role.rbac.authorization.k8s.io "gone" not found',
    },
  });
  expect(await problem(rules.create(resourceContext({}, bob), object({})))).toBe('no namespace on request');
  const node: UserInfo = { username: 'system:node:n1', groups: ['system:nodes'], extra: {} };
  expect(await rules.create(resourceContext({}, node), object({ namespace: 'auth' }))).toMatchObject({
    status: { incomplete: true, evaluationError: 'node authorizer does not support user rule resolution' },
  });
});

test('a token is reviewed, good or bad', async () => {
  const tokens = new BearerTokens([new StaticTokens([{ token: 't', user: bob }], ['api'])], ['api']);
  const reviews = new TokenReviews(tokens);
  const ask = (spec: object) => reviews.create(resourceContext({}), object(spec));
  expect((await ask({ token: 't' })).status).toEqual({
    authenticated: true,
    user: { username: 'bob', groups: ['system:authenticated'] },
    audiences: ['api'],
  });
  expect((await ask({ token: 'u' })).status).toEqual({ user: {}, error: 'invalid bearer token' });
  expect(await problem(ask({}))).toBe('token is required for TokenReview in authentication');
});

test('the server says who is asking', async () => {
  const review = await new SelfSubjectReviews(new VirtualEnvironment(1)).create(resourceContext({}, bob));
  expect(review).toEqual({
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
    status: { userInfo: { username: 'bob', groups: ['system:authenticated'] } },
  });
});
