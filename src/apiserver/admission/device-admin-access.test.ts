import { expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { namespaces, resourceClaims, resourceClaimTemplates } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import { deviceAdminAccess } from './device-admin-access.ts';

const reader = new FakeReader();
reader.set(namespaces, { metadata: { name: 'apps' } });
reader.set(namespaces, { metadata: { name: 'watch', labels: { 'resource.kubernetes.io/admin-access': 'true' } } });
const plugin = deviceAdminAccess(reader);
const spec = {
  devices: {
    requests: [
      { name: 'a', exactly: { deviceClassName: 'c' } },
      { name: 'b', exactly: { deviceClassName: 'c', adminAccess: true } },
    ],
  },
};
const claim = (namespace: string, more: Partial<ResourceClaim> = {}): ResourceClaim => ({
  metadata: { name: 'gpu', namespace },
  ...more,
});
const refusal = (path: string) =>
  `${path}: Forbidden: admin access to devices requires the \`resource.kubernetes.io/admin-access: true\` label on the containing namespace`;

test('a claim or a template that asks for it needs a namespace that allows it', async () => {
  const path = 'spec.devices.requests[1].adminAccess';
  expect(await verdict(plugin, attributes('CREATE', resourceClaims, claim('apps', { spec })))).toContain(refusal(path));
  expect(await verdict(plugin, attributes('CREATE', resourceClaims, claim('watch', { spec })))).toBe('admitted');
  expect(await verdict(plugin, attributes('CREATE', resourceClaims, claim('apps')))).toBe('admitted');
  const template = { metadata: { name: 'gpu', namespace: 'apps' }, spec: { spec } };
  expect(await verdict(plugin, attributes('CREATE', resourceClaimTemplates, template))).toContain(refusal(path));
});

test('it is not given either, unless it was before', async () => {
  const result = { request: 'b', driver: 'd', pool: 'p', device: 'x', adminAccess: true };
  const given = claim('apps', { status: { allocation: { devices: { results: [result] } } } });
  const write = (old: ResourceClaim) => attributes('UPDATE', resourceClaims, given, { old, subresource: 'status' });
  expect(await verdict(plugin, write(claim('apps')))).toContain(
    refusal('status.allocation.devices.results[0].adminAccess'),
  );
  expect(await verdict(plugin, write(given))).toBe('admitted');
});
