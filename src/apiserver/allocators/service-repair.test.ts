import { beforeEach, expect, test } from 'vitest';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { draft } from '../../machinery/object.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import { ServiceAllocator } from './service-allocator.ts';
import { ServiceRepair } from './service-repair.ts';

let reader: FakeReader;
let environment: VirtualEnvironment;
let allocator: ServiceAllocator;
let repair: ServiceRepair;
let told: string[];

beforeEach(() => {
  reader = new FakeReader();
  environment = new VirtualEnvironment(1);
  allocator = new ServiceAllocator({ clusterIPRanges: ['10.97.0.0/16'], reader, environment });
  told = [];
  const recorder = {
    event: (regarding: { name?: string | undefined }, type: string, reason: string, message: string) => {
      told.push(`${regarding.name} ${type} ${reason}: ${message}`);
    },
  };
  repair = new ServiceRepair({ allocator, reader, recorder, environment, logger: silentLogger });
});

const service = (name: string, spec: ServiceSpec, creationTimestamp = '2026-01-01T00:00:00Z'): Service => ({
  metadata: { name, namespace: 'apps', uid: name, creationTimestamp },
  spec,
});
const isFree = (address: string) => {
  const places = allocator.pools.placesOfAddress(address);
  return places.length > 0 && places.every(([pool, offset]) => !pool.has(offset));
};

test('what services have and nobody allocated is allocated, and told once', async () => {
  await repair.repair();
  reader.set(
    services,
    service('late', { type: 'NodePort', clusterIP: '10.97.5.5', ports: [{ port: 80, nodePort: 30080 }] }),
  );
  await repair.repair();
  await repair.repair();
  expect(told).toEqual([
    'late Warning ClusterIPNotAllocated: Cluster IP [IPv4]: 10.97.5.5 is not allocated; repairing',
    'late Warning PortNotAllocated: Port 30080 is not allocated; repairing',
  ]);
  expect(isFree('10.97.5.5')).toBe(false);
});

test('what two services have is told of the younger; what lies outside is told', async () => {
  const spec: ServiceSpec = { type: 'NodePort', clusterIP: '10.97.5.5', ports: [{ port: 80, nodePort: 30080 }] };
  reader.set(services, service('b', spec));
  reader.set(services, service('a', spec, '2026-01-02T00:00:00Z'));
  reader.set(
    services,
    service('far', { type: 'NodePort', clusterIP: '10.1.0.1', ports: [{ port: 80, nodePort: 100 }] }),
  );
  await repair.repair();
  expect(told).toEqual([
    'far Warning ClusterIPOutOfRange: Cluster IP [IPv4]: 10.1.0.1 is not within any configured Service CIDR; please recreate service',
    'far Warning PortOutOfRange: Port 100 is not within the port range 30000-32767; please recreate service',
    'a Warning ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.97.5.5 was assigned to multiple services; please recreate service',
    'a Warning PortAlreadyAllocated: Port 30080 was assigned to multiple services; please recreate service',
  ]);
});

test('two protocols of one service may share a port', async () => {
  const ports = [
    { port: 80, name: 'a', protocol: 'TCP', nodePort: 30080 },
    { port: 80, name: 'b', protocol: 'UDP', nodePort: 30080 },
  ];
  reader.set(services, service('s', { type: 'NodePort', clusterIP: '10.97.5.5', ports }));
  await repair.repair();
  expect(told).toEqual([]);
});

test('what leaked is given back after a while, what is used is not', async () => {
  const leaked = draft(service('leaked', { clusterIP: '10.97.5.5' }));
  await allocator.prepare(leaked, undefined, false);
  reader.set(services, service('used', { clusterIP: '10.97.5.6' }));
  repair.start();
  await environment.advance(3 * 180_000);
  expect(isFree('10.97.5.5')).toBe(false);
  await environment.advance(180_000);
  expect(isFree('10.97.5.5')).toBe(true);
  expect(isFree('10.97.5.6')).toBe(false);
  repair.stop();
  const before = reader.requests.length;
  await environment.advance(3_600_000);
  expect(reader.requests).toHaveLength(before);
});
