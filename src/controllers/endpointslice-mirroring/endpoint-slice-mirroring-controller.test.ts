import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { draft } from '../../machinery/object.ts';
import type { Endpoints, Service } from '../../resources/schema/core-v1.generated.ts';
import { endpointSlices, endpoints, services } from '../../resources/schema/resource-types.generated.ts';
import { endpointsController } from '../endpoints/endpoints-controller.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(endpointSliceMirroringController, endpointsController);
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'db' };
const service: Service = {
  metadata: key,
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  },
};

function endpointsAt(ip: string, metadata: Endpoints['metadata'] = {}): Endpoints {
  const ports = [{ name: 'pg', port: 5432, protocol: 'TCP' }];
  return { metadata: { ...key, ...metadata }, subsets: [{ addresses: [{ ip }], ports }] };
}

const slices = async () => await world.list(endpointSlices, 'shop');
const addresses = async () =>
  (await slices()).map((slice) => slice.endpoints?.map((endpoint) => endpoint.addresses[0]));

test('mirrors Endpoints as they come, change and go, in one slice', async () => {
  await world.client.create(services, service);
  const created = await world.client.create(endpoints, endpointsAt('10.1.2.3'));
  await world.environment.settle();
  const [slice] = await slices();
  expect(slice).toMatchObject({
    metadata: { generateName: 'db-', ownerReferences: [{ kind: 'Endpoints', uid: created.metadata.uid }] },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  });
  await world.client.update(endpoints, endpointsAt('10.2.3.4'));
  await world.environment.settle();
  expect(await slices()).toMatchObject([
    { metadata: { name: slice?.metadata.name }, endpoints: [{ addresses: ['10.2.3.4'] }] },
  ]);
  await world.client.delete(endpoints, key);
  await world.environment.settle();
  expect(await slices()).toEqual([]);
});

test('waits for the service, and takes the slices back with it', async () => {
  await world.client.create(endpoints, endpointsAt('10.1.2.3'));
  await world.environment.settle();
  expect(await slices()).toEqual([]);
  await world.client.create(services, service);
  await world.environment.settle();
  expect(await addresses()).toEqual([['10.1.2.3']]);
  await world.client.delete(services, key);
  await world.environment.settle();
  expect(await slices()).toEqual([]);
});

test.each([
  ['its label says so', { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }],
  ['it elects a leader', { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }],
])('is not mirrored, or no longer, when %s', async (_what, metadata) => {
  await world.client.create(services, service);
  await world.client.create(endpoints, endpointsAt('10.1.2.3'));
  await world.environment.settle();
  expect(await slices()).toHaveLength(1);
  await world.client.update(endpoints, endpointsAt('10.1.2.3', metadata));
  await world.environment.settle();
  expect(await slices()).toEqual([]);
});

test('a service with a selector has other slices', async () => {
  await world.client.create(services, service);
  await world.client.create(endpoints, endpointsAt('10.1.2.3'));
  await world.environment.settle();
  const live = draft(await world.client.get(services, key));
  live.spec = { ...live.spec, selector: { app: 'db' } };
  await world.client.update(services, live);
  await world.environment.settle();
  expect(await slices()).toEqual([]);
});

test('mends what others change in a slice, and leaves what is right alone', async () => {
  await world.client.create(services, service);
  await world.client.create(endpoints, endpointsAt('10.1.2.3'));
  await world.environment.settle();
  const [slice] = await slices();
  if (slice === undefined) throw new Error('there is no slice');
  await world.client.update(endpointSlices, { ...slice, endpoints: [] });
  await world.environment.settle();
  expect(await addresses()).toEqual([['10.1.2.3']]);
  const revision = (await slices())[0]?.metadata.resourceVersion;
  await world.advance(120_000);
  expect(await slices()).toMatchObject([{ metadata: { resourceVersion: revision } }]);
});

test('tells when there are more addresses than are mirrored', async () => {
  await world.client.create(services, service);
  const addressesOfAll = Array.from({ length: 1002 }, (_, index) => ({ ip: `10.1.${index >> 8}.${index & 255}` }));
  const ports = [{ name: 'pg', port: 5432, protocol: 'TCP' }];
  await world.client.create(endpoints, { metadata: key, subsets: [{ addresses: addressesOfAll, ports }] });
  await world.advance(1_000);
  expect(await world.eventLines('db')).toEqual([
    'Warning TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped',
  ]);
  expect((await slices())[0]?.endpoints).toHaveLength(1000);
});
