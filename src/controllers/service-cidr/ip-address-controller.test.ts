import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { ipAddresses, serviceCIDRs, services } from '../../resources/schema/resource-types.generated.ts';
import { ipAddressController } from './ip-address-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  await world.client.create(serviceCIDRs, { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16'] } });
  world.start(ipAddressController);
});
afterEach(() => world.stop());

const serve = (name: string, clusterIP: string) =>
  world.client.create(services, {
    metadata: { name, namespace: 'shop' },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80 }],
    },
  });
const shown = async () => {
  await world.environment.settle();
  const parents = (await world.list(ipAddresses)).map(({ metadata, spec: { parentRef } }) => {
    return `${metadata.name} ${parentRef.resource}/${parentRef.namespace}/${parentRef.name}`;
  });
  return parents.sort();
};

test('each cluster address is shown with its service, for as long as that is there', async () => {
  await serve('web', '10.96.0.5');
  await serve('none', 'None');
  expect(await shown()).toEqual(['10.96.0.5 services/shop/web']);
  expect((await world.list(ipAddresses))[0]?.metadata.labels).toEqual({
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  });
  await world.client.delete(services, { namespace: 'shop', name: 'web' });
  expect(await shown()).toEqual([]);
});

test('what somebody deletes or makes is put right', async () => {
  await serve('web', '10.96.0.5');
  await shown();
  await world.client.delete(ipAddresses, { name: '10.96.0.5' });
  expect(await shown()).toEqual(['10.96.0.5 services/shop/web']);
  const labels = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
  const spec = { parentRef: { resource: 'services', namespace: 'shop', name: 'gone' } };
  await world.client.create(ipAddresses, { metadata: { name: '10.96.0.6', labels }, spec });
  expect(await shown()).toEqual(['10.96.0.5 services/shop/web']);
});

test('an address that somebody else has noted is theirs until a service has it', async () => {
  const spec = { parentRef: { group: 'example.com', resource: 'things', namespace: 'shop', name: 'x' } };
  await world.client.create(ipAddresses, { metadata: { name: '10.96.0.7' }, spec });
  expect(await shown()).toEqual(['10.96.0.7 things/shop/x']);
  await serve('web', '10.96.0.7');
  expect(await shown()).toEqual(['10.96.0.7 services/shop/web']);
  expect(await world.eventLines('web')).toEqual([
    'Warning ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.96.0.7 for Service shop/web has a wrong reference; repairing',
  ]);
});

test('an address outside of all ranges is shown as soon as there is one', async () => {
  await serve('web', '10.97.0.5');
  expect(await shown()).toEqual([]);
  await world.client.create(serviceCIDRs, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } });
  expect(await shown()).toEqual(['10.97.0.5 services/shop/web']);
});
