import { expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { resourceClaims } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim, ResourceClaimStatus } from '../../resources/schema/resource-v1.generated.ts';
import type { Authorizer, UserInfo } from '../request.ts';
import { claimStatusPermission } from './claim-status-permission.ts';

const bob: UserInfo = { username: 'bob', groups: [], extra: {} };
const driverOn = (...nodes: readonly string[]): UserInfo => ({
  username: 'system:serviceaccount:drivers:gpu',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': nodes },
});
const onNode = (name: string) => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});
const results = [{ request: 'r', driver: 'a.b', pool: 'p', device: 'd' }];
const allocation = { devices: { results }, nodeSelector: onNode('n1') };
const device = { driver: 'a.b', pool: 'p', device: 'd' };
const claim = (status: ResourceClaimStatus): ResourceClaim => ({
  metadata: { namespace: 'apps', name: 'gpu' },
  status,
});

/** What comes of a write by somebody who has these permissions alone: `VERB SUBRESOURCE NAMESPACE NAME`. */
function written(
  status: ResourceClaimStatus,
  old: ResourceClaimStatus,
  { user = bob, may = [], verb = 'patch' }: { user?: UserInfo; may?: readonly string[]; verb?: string } = {},
): Promise<string> {
  const authorizer: Authorizer = {
    name: 'test',
    authorize(_user, info) {
      const asked = info.isResource ? `${info.verb} ${info.subresource} ${info.namespace} ${info.name}` : '';
      return { decision: may.includes(asked) ? 'allow' : 'noOpinion', reason: '' };
    },
  };
  const write = { old: claim(old), subresource: 'status', user, verb };
  return verdict(claimStatusPermission(authorizer), attributes('UPDATE', resourceClaims, claim(status), write));
}

/** What Kubernetes 1.37 answered. */
const binding =
  'status.allocation: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "bob" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope';
const driver =
  'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "a.b" is forbidden: User "bob" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "apps"';
const refused = (...errors: readonly string[]) =>
  `ResourceClaim.resource.k8s.io "gpu" is invalid: ${errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]}`;
const reservedFor = [{ resource: 'pods', name: 'p', uid: 'u' }];

test('to give devices out, to reserve and to take back is to bind', async () => {
  expect(await written({ allocation }, {})).toBe(refused(binding));
  expect(await written({ allocation, reservedFor }, { allocation })).toBe(refused(binding));
  expect(await written({}, { allocation })).toBe(refused(binding));
  expect(await written({ allocation }, {}, { may: ['patch binding  '] })).toBe('admitted');
  expect(await written({ allocation }, { allocation })).toBe('admitted');
});

test('what is said of devices needs a permission for their driver', async () => {
  const before = { allocation, devices: [device] };
  expect(await written(before, { allocation })).toBe(refused(driver));
  expect(await written({ allocation }, before)).toBe(refused(driver));
  expect(await written({ allocation, devices: [{ ...device, data: { a: 1 } }] }, before)).toBe(refused(driver));
  expect(await written(before, before)).toBe('admitted');
  expect(await written(before, { allocation }, { may: ['arbitrary-node:patch driver apps a.b'] })).toBe('admitted');
  expect(await written({ allocation, reservedFor, devices: [device] }, { allocation })).toBe(refused(binding, driver));
  expect(await written({}, before, { may: ['patch binding  '] })).toBe('admitted');
});

test('a driver on the node of the claim may do with a permission for that node', async () => {
  const may = ['associated-node:update driver apps a.b'];
  const by = (user: UserInfo, to: ResourceClaimStatus = { allocation }) =>
    written({ ...to, devices: [device] }, to, { user, may, verb: 'update' });
  expect(await by(driverOn('n1'))).toBe('admitted');
  for (const user of [bob, driverOn('n2'), driverOn(), driverOn('n1', 'n2'), { ...driverOn('n1'), username: 'bob' }])
    expect(await by(user)).toContain('verb="[arbitrary-node:update]"');
  const elsewhere = { allocation: { ...allocation, nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [] }] } } };
  expect(await by(driverOn('n1'), elsewhere)).toContain('verb="[arbitrary-node:update]"');
  const neither = await written({ allocation, devices: [device] }, { allocation }, { user: driverOn('n1') });
  expect(neither).toContain('verb="[associated-node:patch arbitrary-node:patch]" permission');
  expect(neither).toContain('cannot associated-node:patch resource');
});
