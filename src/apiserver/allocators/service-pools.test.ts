import { beforeEach, describe, expect, test } from 'vitest';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { serviceWrites } from '../../../test/support/service-writes.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { IPAddress, ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import { ServiceAllocator } from './service-allocator.ts';

describe('ranges of ServiceCIDRs', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastTransitionTime: '' }] };
  const range = (name: string, cidr: string, more: Partial<ServiceCIDR> = {}): ServiceCIDR => ({
    metadata: { name },
    spec: { cidrs: [cidr] },
    status: ready,
    ...more,
  });
  let ranges: ServiceCIDR[];
  let reader: FakeReader;
  let allocator: ServiceAllocator;
  const { service, write, problem } = serviceWrites(() => allocator);
  let taken: IPAddress[];
  beforeEach(() => {
    ranges = [];
    taken = [];
    reader = new FakeReader();
    allocator = new ServiceAllocator({
      clusterIPRanges: ['10.97.0.0/28'],
      reader,
      environment: new VirtualEnvironment(1),
      serviceCIDRs: { list: () => ranges },
      ipAddresses: { get: (name) => taken.find(({ metadata }) => metadata.name === name) },
    });
  });
  const mismatch = (address: string) =>
    `spec.clusterIPs: Invalid value: ["${address}"]: failed to allocate IP ${address}: the provided network does not match the current range`;
  const used = (address: string) =>
    `spec.clusterIPs: Invalid value: ["${address}"]: failed to allocate IP ${address}: provided IP is already allocated`;
  const fill = async (count: number) => {
    const addresses: (string | undefined)[] = [];
    for (let each = 0; each < count; each++) addresses.push((await write({})).spec?.clusterIP);
    return addresses;
  };

  test('one that is ready gives addresses, when asked for and when the others are full', async () => {
    expect(await problem({ clusterIP: '10.98.0.5' })).toBe(mismatch('10.98.0.5'));
    ranges = [range('more', '10.98.0.0/24', { status: {} })];
    expect(await problem({ clusterIP: '10.98.0.5' })).toBe(mismatch('10.98.0.5'));
    ranges = [range('more', '10.98.0.0/24')];
    await write({ clusterIP: '10.98.0.5' });
    expect(await problem({ clusterIP: '10.98.0.5' })).toBe(used('10.98.0.5'));
    expect((await fill(15)).filter((address) => address?.startsWith('10.98.0.'))).toHaveLength(1);
  });

  test('one that is being deleted gives none, also not that of the server', async () => {
    const leaving = { name: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' };
    ranges = [range('more', '10.98.0.0/24', { metadata: leaving })];
    expect(await problem({ clusterIP: '10.98.0.5' })).toBe(mismatch('10.98.0.5'));
    ranges = [range('kubernetes', '10.97.0.0/28', { metadata: leaving })];
    expect(await problem({ clusterIP: '10.97.0.5' })).toBe(mismatch('10.97.0.5'));
    ranges = [];
    expect(await problem({ clusterIP: '10.97.0.5' })).toBe('good');
  });

  test('ranges within each other give no address twice', async () => {
    await write({ clusterIP: '10.97.0.5' });
    ranges = [range('whole', '10.97.0.0/24'), range('same', '10.97.0.0/28')];
    expect(await problem({ clusterIP: '10.97.0.5' })).toBe(used('10.97.0.5'));
    const old = await write({ clusterIP: '10.97.0.6' });
    expect(await problem({ clusterIP: '10.97.0.6' })).toBe(used('10.97.0.6'));
    (await allocator.prepare(undefined, old as Service, false))?.commit();
    expect(await problem({ clusterIP: '10.97.0.6' })).toBe('good');
    const all = await fill(200);
    expect(new Set([...all, '10.97.0.5']).size).toBe(201);
  });

  test('what services have in a new range is known before it gives an address', async () => {
    await write({});
    reader.set(services, service({ clusterIP: '10.98.0.5', clusterIPs: ['10.98.0.5'] }));
    ranges = [range('more', '10.98.0.0/24')];
    expect(await problem({ clusterIP: '10.98.0.5' })).toBe(used('10.98.0.5'));
  });

  test('families that services do not have here, and ranges without an address, are passed over', async () => {
    ranges = [range('six', 'fd00::/112'), range('one', '10.99.0.1/32')];
    expect((await write({})).spec?.clusterIP).toMatch(/^10\.97\.0\./);
    expect(await problem({ clusterIP: '10.99.0.1' })).toBe(mismatch('10.99.0.1'));
  });

  test('an address that an IPAddress says somebody else has is left to them', async () => {
    const parentRef = { resource: 'things', name: 'x' };
    taken = Array.from({ length: 13 }, (_, at) => ({ metadata: { name: `10.97.0.${at + 1}` }, spec: { parentRef } }));
    expect(await problem({ clusterIP: '10.97.0.5' })).toBe(used('10.97.0.5'));
    expect(await fill(1)).toEqual(['10.97.0.14']);
    const labels = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
    taken = [{ metadata: { name: '10.97.0.5', labels }, spec: { parentRef } }];
    expect(await problem({ clusterIP: '10.97.0.5' })).toBe('good');
  });
});
