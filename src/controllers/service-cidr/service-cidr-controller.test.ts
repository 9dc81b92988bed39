import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { ipAddresses, serviceCIDRs } from '../../resources/schema/resource-types.generated.ts';
import { serviceCIDRController } from './service-cidr-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(serviceCIDRController);
});
afterEach(() => world.stop());

const create = (name: string, ...cidrs: string[]) =>
  world.client.create(serviceCIDRs, { metadata: { name }, spec: { cidrs } });
const find = async (name: string) => (await world.list(serviceCIDRs)).find((range) => range.metadata.name === name);
const ready = async (name: string) => {
  const [condition] = (await find(name))?.status?.conditions ?? [];
  return `${condition?.status} ${condition?.reason}`.trim();
};
const take = (name: string) =>
  world.client.create(ipAddresses, {
    metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
    spec: { parentRef: { resource: 'services', namespace: 'shop', name: 'web' } },
  });

test('a range is protected and ready', async () => {
  await create('more', '10.97.0.0/24', 'fd00:1::/112');
  await world.environment.settle();
  const range = await find('more');
  expect(range?.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
  expect(range?.status?.conditions).toMatchObject([
    { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' },
  ]);
});

test('a range that nobody uses goes ten seconds after it was deleted', async () => {
  await create('more', '10.97.0.0/24');
  await world.environment.settle();
  await world.client.delete(serviceCIDRs, { name: 'more' });
  await world.advance(9_000);
  expect(await find('more')).toBeDefined();
  await world.advance(2_000);
  expect(await find('more')).toBeUndefined();
});

test('a range stays while a service has an address of it alone, and says so', async () => {
  await create('more', '10.97.0.0/24');
  await take('10.97.0.5');
  await world.environment.settle();
  await world.client.delete(serviceCIDRs, { name: 'more' });
  await world.advance(60_000);
  expect(await ready('more')).toBe('False Terminating');
  await world.client.delete(ipAddresses, { name: '10.97.0.5' });
  await world.environment.settle();
  expect(await find('more')).toBeUndefined();
});

test('a range goes when another has its addresses as well', async () => {
  await create('more', '10.97.0.0/24');
  await take('10.97.0.5');
  await world.environment.settle();
  await world.client.delete(serviceCIDRs, { name: 'more' });
  await world.advance(60_000);
  expect(await ready('more')).toBe('False Terminating');
  await create('whole', '10.97.0.0/16');
  await world.environment.settle();
  expect(await find('more')).toBeUndefined();
  expect(await ready('whole')).toBe('True');
});

test('addresses of somebody else, of the network and of broadcasts keep no range', async () => {
  await create('more', '10.97.0.0/24');
  await world.client.create(ipAddresses, {
    metadata: { name: '10.97.0.5' },
    spec: { parentRef: { resource: 'things', name: 'web' } },
  });
  await take('10.97.0.0');
  await take('10.97.0.255');
  await world.environment.settle();
  await world.client.delete(serviceCIDRs, { name: 'more' });
  await world.advance(11_000);
  expect(await find('more')).toBeUndefined();
});
