import { beforeEach, describe, expect, test } from 'vitest';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { serviceWrites } from '../../../test/support/service-writes.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { Draft } from '../../machinery/object.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import { AddressRange } from './address-range.ts';
import { ServiceAllocator } from './service-allocator.ts';

let reader: FakeReader;
let allocator: ServiceAllocator;

function make(...clusterIPRanges: string[]): void {
  allocator = new ServiceAllocator({ clusterIPRanges, reader, environment: new VirtualEnvironment(1) });
}

beforeEach(() => {
  reader = new FakeReader();
  make('10.97.0.0/16');
});

const { service, prepare, write, problem } = serviceWrites(() => allocator);

describe('cluster addresses', () => {
  test('an address of the upper band, one family', async () => {
    const { spec } = await write({});
    expect(spec?.clusterIP).toMatch(/^10\.97\.\d+\.\d+$/);
    expect(spec).toMatchObject({ clusterIPs: [spec?.clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    const offset = new AddressRange('10.97.0.0/16').offsetOf(spec?.clusterIP ?? '') ?? 0;
    expect(offset).toBeGreaterThanOrEqual(256);
  });

  test('the address that is asked for, once', async () => {
    expect((await write({ clusterIP: '10.97.5.5' })).spec?.clusterIPs).toEqual(['10.97.5.5']);
    expect(await problem({ clusterIP: '10.97.5.5' })).toBe(
      'spec.clusterIPs: Invalid value: ["10.97.5.5"]: failed to allocate IP 10.97.5.5: provided IP is already allocated',
    );
  });

  test('headless services have none; without a selector they may be of any family', async () => {
    expect((await write({ clusterIP: 'None', selector: { a: 'b' } })).spec).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect((await write({ clusterIP: 'None' })).spec).toMatchObject({
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
    expect((await write({ clusterIP: 'None', ipFamilies: ['IPv6'] })).spec?.ipFamilies).toEqual(['IPv6', 'IPv4']);
    expect((await write({ clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack' })).spec?.ipFamilies).toHaveLength(2);
  });

  test('external names have nothing', async () => {
    const { spec } = await write({ type: 'ExternalName', externalName: 'x.y' });
    expect(spec?.clusterIP).toBeUndefined();
    expect(spec?.ipFamilies).toBeUndefined();
  });

  test('wanting two families where there is one gives one', async () => {
    expect((await write({ ipFamilyPolicy: 'PreferDualStack' })).spec).toMatchObject({
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'PreferDualStack',
    });
  });

  test.each<[ServiceSpec, string]>([
    [
      { clusterIP: '10.98.5.5' },
      'spec.clusterIPs: Invalid value: ["10.98.5.5"]: failed to allocate IP 10.98.5.5: the provided network does not match the current range',
    ],
    [
      { clusterIP: '10.97.0.0' },
      'spec.clusterIPs: Invalid value: ["10.97.0.0"]: failed to allocate IP 10.97.0.0: the provided network does not match the current range',
    ],
    [
      { clusterIP: '10.97.255.255' },
      'spec.clusterIPs: Invalid value: ["10.97.255.255"]: failed to allocate IP 10.97.255.255: the provided network does not match the current range',
    ],
    [
      { clusterIPs: ['10.97.5.5'] },
      'spec.clusterIPs: Invalid value: ["10.97.5.5"]: must be empty when `clusterIP` is not specified',
    ],
    [
      { clusterIPs: ['10.97.5.5', '10.97.5.6'] },
      '[spec.clusterIPs: Invalid value: ["10.97.5.5","10.97.5.6"]: must be empty when `clusterIP` is not specified, spec.clusterIPs: Invalid value: ["10.97.5.5","10.97.5.6"]: may specify no more than one IP for each IP family]',
    ],
    [
      { clusterIP: '10.97.5.4', clusterIPs: ['10.97.5.5'] },
      'spec.clusterIPs: Invalid value: ["10.97.5.5"]: first value must match `clusterIP`',
    ],
    [
      { clusterIP: 'x' },
      'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { clusterIP: 'None', clusterIPs: ['None', '10.97.5.5'] },
      `spec.clusterIPs: Invalid value: ["None","10.97.5.5"]: 'None' must be the first and only value`,
    ],
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [
      { ipFamilyPolicy: 'Some' },
      'spec.ipFamilyPolicy: Unsupported value: "Some": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
    ],
    [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [
      { ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
      'spec.ipFamilies[1]: Duplicate value: "IPv4"',
    ],
    [
      { ipFamilies: ['IPv4', 'IPv6'] },
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    ],
    [
      { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' },
      'spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      { clusterIP: 'fd00::1' },
      'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
    ],
    [
      { clusterIP: '10.97.5.5', ipFamilies: ['IPv6'] },
      'spec.clusterIPs[0]: Invalid value: "10.97.5.5": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
  ])('refused: %j', async (spec, message) => {
    expect(await problem(spec)).toBe(message);
  });

  test('a range that is full says so', async () => {
    make('10.97.0.0/30');
    await write({});
    await write({});
    expect(await problem({})).toBe(
      'Internal error occurred: failed to allocate a serviceIP for Service "s": range is full',
    );
  });

  test('two families, where both are configured', async () => {
    make('10.97.0.0/16', 'fd00:97::/112');
    const both = await write({ ipFamilyPolicy: 'PreferDualStack' });
    expect(both.spec?.ipFamilies).toEqual(['IPv4', 'IPv6']);
    expect(both.spec?.clusterIPs?.[1]).toMatch(/^fd00:97::[0-9a-f]+$/);
    expect((await write({})).spec?.clusterIPs).toHaveLength(1);
    expect((await write({ ipFamilies: ['IPv6'] })).spec?.clusterIP).toMatch(/^fd00:97::/);
    const single = await write({ ...both.spec, ipFamilyPolicy: 'SingleStack' }, both);
    expect(single.spec?.clusterIPs).toEqual([both.spec?.clusterIP]);
    const asked = { clusterIP: '10.97.5.1', clusterIPs: ['10.97.5.1', both.spec?.clusterIPs?.[1] ?? ''] };
    expect(await problem({ ...asked, ipFamilyPolicy: 'RequireDualStack' })).toBe('good');
    const again = await write({ ...single.spec, ipFamilyPolicy: 'RequireDualStack' }, single);
    expect(again.spec?.clusterIPs).toHaveLength(2);
    expect(again.spec?.clusterIP).toBe(both.spec?.clusterIP);
    expect(await problem({ ...again.spec, clusterIPs: [again.spec?.clusterIP ?? ''] }, again)).toContain(
      "must be 'SingleStack' to release the secondary cluster IP",
    );
  });
});

describe('node ports', () => {
  const nodePort = (...nodePorts: number[]): ServiceSpec => ({
    type: 'NodePort',
    ports: nodePorts.map((each, index) => ({
      port: 80 + index,
      name: `p${index}`,
      protocol: 'TCP',
      ...(each !== 0 && { nodePort: each }),
    })),
  });
  const portOf = (object: Draft<Service>) => object.spec?.ports?.[0]?.nodePort ?? 0;

  test('a port of the upper band', async () => {
    expect(portOf(await write(nodePort(0)))).toBeGreaterThanOrEqual(30086);
  });

  test('the port that is asked for, once', async () => {
    expect(portOf(await write(nodePort(30080)))).toBe(30080);
    expect(await problem(nodePort(30080))).toBe(
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    );
    expect(await problem(nodePort(80))).toBe(
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    expect(await problem(nodePort(30090, 30090))).toBe(
      'spec.ports[1].nodePort: Invalid value: 30090: provided port is already allocated',
    );
  });

  test('two protocols of one port share a node port', async () => {
    const two = (wanted?: number) => [
      { port: 80, name: 'a', protocol: 'TCP' },
      { port: 80, name: 'b', protocol: 'UDP', ...(wanted !== undefined && { nodePort: wanted }) },
    ];
    const given = await write({ type: 'NodePort', ports: two() });
    expect(given.spec?.ports?.[0]?.nodePort).toBe(given.spec?.ports?.[1]?.nodePort);
    const asked = await write({ type: 'NodePort', ports: two(30100) });
    expect(asked.spec?.ports?.map((port) => port.nodePort)).toEqual([30100, 30100]);
  });

  test('load balancers get them unless they say no', async () => {
    expect(portOf(await write({ type: 'LoadBalancer' }))).toBeGreaterThan(0);
    expect(portOf(await write({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }))).toBe(0);
  });

  test('local load balancers have a port to ask for health', async () => {
    const local: ServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
    expect((await write(local)).spec?.healthCheckNodePort).toBeGreaterThanOrEqual(30000);
    expect((await write({ ...local, healthCheckNodePort: 31000 })).spec?.healthCheckNodePort).toBe(31000);
    expect(await problem({ ...local, healthCheckNodePort: 31000 })).toBe(
      'Internal error occurred: failed to allocate requested HealthCheck NodePort 31000: provided port is already allocated',
    );
    expect(await problem({ ...local, healthCheckNodePort: 100 })).toBe(
      'Internal error occurred: failed to allocate requested HealthCheck NodePort 100: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });

  test('an update keeps what it leaves out, by the name of the port', async () => {
    const old = await write(nodePort(30080, 30081));
    const swapped: ServiceSpec = {
      type: 'NodePort',
      ports: [
        { port: 81, name: 'p1', protocol: 'TCP' },
        { port: 80, name: 'p0', protocol: 'TCP' },
      ],
    };
    const updated = await write(swapped, old);
    expect(updated.spec?.ports?.map((port) => port.nodePort)).toEqual([30081, 30080]);
    expect(updated.spec?.clusterIP).toBe(old.spec?.clusterIP);
  });

  test('a port that moves is free again, once the write has succeeded', async () => {
    const old = await write(nodePort(30080));
    const { reservation } = await prepare({ ...old.spec, ...nodePort(30090) }, old);
    expect(await problem(nodePort(30080))).toContain('already allocated');
    reservation?.commit();
    expect(await problem(nodePort(30080))).toBe('good');
    expect(await problem(nodePort(30090))).toContain('already allocated');
  });

  test('without node ports there is nothing to hold', async () => {
    const old = await write({ ...nodePort(30080), clusterIP: '10.97.5.5' });
    await write({ type: 'ClusterIP', clusterIP: '10.97.5.5' }, old);
    expect(await problem(nodePort(30080))).toBe('good');
    const local = await write({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 });
    await write({ ...local.spec, externalTrafficPolicy: 'Cluster' }, local);
    expect(await problem(nodePort(31000))).toBe('good');
  });
});

describe('transactions', () => {
  test('a write that fails leaves nothing behind', async () => {
    const { object, reservation } = await prepare({ type: 'NodePort', clusterIP: '10.97.5.5' });
    reservation?.rollback();
    expect(await problem({ clusterIP: '10.97.5.5' })).toBe('good');
    const wanted = [{ port: 80, nodePort: object.spec?.ports?.[0]?.nodePort }];
    expect(await problem({ type: 'NodePort', ports: wanted })).toBe('good');
    expect(await problem({ clusterIP: '10.97.5.5', type: 'NodePort', ports: [{ port: 80, nodePort: 1 }] })).toContain(
      'range',
    );
    expect(await problem({ clusterIP: '10.97.5.5' })).toBe('good');
  });

  test('a dry run takes nothing', async () => {
    const { object, reservation } = await prepare({ clusterIP: '10.97.5.5' }, undefined, true);
    expect(object.spec?.clusterIPs).toEqual(['10.97.5.5']);
    reservation?.commit();
    expect(await problem({ clusterIP: '10.97.5.5' })).toBe('good');
    const old = await write({ clusterIP: '10.97.5.6' });
    (await allocator.prepare(undefined, old as Service, true))?.commit();
    expect(await problem({ clusterIP: '10.97.5.6' })).toContain('already allocated');
  });

  test('a deleted service gives everything back', async () => {
    const old = await write({ type: 'NodePort', clusterIP: '10.97.5.5', ports: [{ port: 80, nodePort: 30080 }] });
    const gone = await allocator.prepare(undefined, old as Service, false);
    expect(await problem({ clusterIP: '10.97.5.5' })).toContain('already allocated');
    gone?.commit();
    expect(await problem({ type: 'NodePort', clusterIP: '10.97.5.5', ports: [{ port: 80, nodePort: 30080 }] })).toBe(
      'good',
    );
  });

  test('becoming an external name gives the address back, and it can come again', async () => {
    const old = await write({ clusterIP: '10.97.5.5' });
    const external = await write({ type: 'ExternalName', externalName: 'x.y', ports: [] }, old);
    expect(await problem({ clusterIP: '10.97.5.5' })).toBe('good');
    expect((await write({ clusterIP: '10.97.5.7' }, external)).spec?.clusterIPs).toEqual(['10.97.5.7']);
  });

  test('what is stored is known from the first write on', async () => {
    reader.set(
      services,
      service({
        type: 'NodePort',
        clusterIP: '10.97.5.5',
        clusterIPs: ['10.97.5.5'],
        ports: [{ port: 80, nodePort: 30080 }],
      }),
    );
    expect(await problem({ clusterIP: '10.97.5.5' })).toContain('already allocated');
    expect(await problem({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })).toContain('already allocated');
    expect(reader.requests).toEqual(['list services']);
  });

  test('clearing the address, or changing one of the two fields alone', async () => {
    const old = await write({ clusterIP: '10.97.5.5' });
    expect((await write({ clusterIPs: ['10.97.5.5'] }, old)).spec).toMatchObject({ clusterIP: '10.97.5.5' });
    const moved = await prepare({ clusterIP: '10.97.5.6', clusterIPs: ['10.97.5.5'] }, old);
    expect(moved.object.spec?.clusterIPs).toEqual(['10.97.5.6']);
    moved.reservation?.rollback();
  });
});
