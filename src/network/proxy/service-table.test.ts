import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { localEndpointCount, type ServicePort, servicePorts } from './service-table.ts';

const service = (spec: Partial<ServiceSpec>): Service => ({
  metadata: { namespace: 'shop', name: 'web' },
  spec: { clusterIP: '10.96.0.9', type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }], ...spec },
});

const slice = (endpoints: readonly Endpoint[]): EndpointSlice => ({
  metadata: { namespace: 'shop', name: 'web-1' },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
});

const ready = (address: string, nodeName = 'a', more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  nodeName,
  conditions: { ready: true },
  ...more,
});
const ending = (address: string, nodeName = 'a'): Endpoint =>
  ready(address, nodeName, { conditions: { ready: false, serving: true, terminating: true } });

const portOf = (spec: Partial<ServiceSpec>, endpoints: readonly Endpoint[], nodeName = 'a', zone = ''): ServicePort => {
  const [port] = servicePorts(service(spec), [slice(endpoints)], { nodeName, zone });
  if (port === undefined) throw new Error('the service has no port');
  return port;
};
const addresses = (endpoints: readonly { address: string }[]) => endpoints.map(({ address }) => address);

test('a port leads to its ready endpoints, in order and once', () => {
  const slices = [slice([ready('10.0.0.2'), ready('10.0.0.1', 'b')]), slice([ready('10.0.0.2')])];
  const [port] = servicePorts(service({}), slices, { nodeName: 'a', zone: '' });
  expect(port).toMatchObject({
    key: 'shop/web:http',
    protocol: 'tcp',
    clusterIp: '10.96.0.9',
    port: 80,
    nodePort: 30080,
    affinitySeconds: 0,
    served: true,
    clusterEndpoints: [
      { address: '10.0.0.1', port: 8080, near: false },
      { address: '10.0.0.2', port: 8080, near: true },
    ],
    localEndpoints: [],
  });
});

test('endpoints that end but still serve are used only while none is ready', () => {
  expect(addresses(portOf({}, [ending('10.0.0.3'), ready('10.0.0.1')]).clusterEndpoints)).toEqual(['10.0.0.1']);
  const alone = portOf({}, [ending('10.0.0.3')]);
  expect([addresses(alone.clusterEndpoints), alone.served]).toEqual([['10.0.0.3'], true]);
  const dead = portOf({}, [
    ready('10.0.0.4', 'a', { conditions: { ready: false, serving: false, terminating: true } }),
  ]);
  expect([dead.clusterEndpoints, dead.served]).toEqual([[], false]);
});

test('a port of the same name and another protocol has other endpoints', () => {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns', port: 53, protocol: 'TCP' },
  ];
  const slices = [{ ...slice([ready('10.0.0.1')]), ports: [{ name: 'dns', port: 5353, protocol: 'TCP' }] }];
  const found = servicePorts(service({ ports }), slices, { nodeName: 'a', zone: '' });
  expect(found.map(({ protocol, served }) => [protocol, served])).toEqual([
    ['udp', false],
    ['tcp', true],
  ]);
});

describe('traffic policies', () => {
  const both = [ready('10.0.0.1', 'a'), ready('10.0.1.1', 'b')];

  test('external traffic stays on the node, and what comes from inside does not', () => {
    const port = portOf({ externalTrafficPolicy: 'Local' }, both, 'b');
    expect([addresses(port.clusterEndpoints), addresses(port.localEndpoints)]).toEqual([
      ['10.0.0.1', '10.0.1.1'],
      ['10.0.1.1'],
    ]);
    expect(port.externalLocal).toBe(true);
  });

  test('without an endpoint here the service is still served elsewhere', () => {
    const port = portOf({ externalTrafficPolicy: 'Local' }, both, 'c');
    expect([port.localEndpoints, port.served]).toEqual([[], true]);
  });

  test('a node uses its own that end before those of others', () => {
    const port = portOf({ externalTrafficPolicy: 'Local' }, [ending('10.0.0.1', 'a'), ready('10.0.1.1', 'b')], 'a');
    expect([addresses(port.clusterEndpoints), addresses(port.localEndpoints)]).toEqual([['10.0.1.1'], ['10.0.0.1']]);
  });

  test('internal traffic stays on the node', () => {
    const port = portOf(
      { internalTrafficPolicy: 'Local', type: 'ClusterIP', ports: [{ name: 'http', port: 80 }] },
      both,
      'b',
    );
    expect([port.clusterEndpoints, addresses(port.localEndpoints)]).toEqual([[], ['10.0.1.1']]);
  });

  test('the policy for what comes from outside says nothing where nothing does', () => {
    const port = portOf({ externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80 }] }, both, 'b');
    expect([port.externalLocal, port.localEndpoints]).toEqual([false, []]);
  });
});

describe('hints', () => {
  const hinted = (address: string, forZone: string, forNode?: string) =>
    ready(address, 'x', {
      hints: {
        forZones: [{ name: forZone }],
        ...(forNode === undefined ? {} : { forNodes: [{ name: forNode }] }),
      },
    });

  test.each([
    ['the zone of the node', [hinted('10.0.0.1', 'east'), hinted('10.0.0.2', 'west')], 'east', ['10.0.0.1']],
    ['a zone that has none', [hinted('10.0.0.1', 'east')], 'west', ['10.0.0.1']],
    ['one that lacks them', [hinted('10.0.0.1', 'east'), ready('10.0.0.2')], 'east', ['10.0.0.1', '10.0.0.2']],
    ['the node itself', [hinted('10.0.0.1', 'east', 'b'), hinted('10.0.0.2', 'east', 'a')], 'east', ['10.0.0.2']],
    ['another node only', [hinted('10.0.0.1', 'east', 'b'), hinted('10.0.0.2', 'west', 'b')], 'west', ['10.0.0.2']],
  ] as const)('for %s', (_what, endpoints, zone, expected) => {
    expect(addresses(portOf({}, endpoints, 'a', zone).clusterEndpoints)).toEqual(expected);
  });
});

test('affinity, external addresses and those of load balancers', () => {
  const [port] = servicePorts(
    {
      ...service({
        type: 'LoadBalancer',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
        externalIPs: ['192.0.2.1', '2001:db8::1'],
        loadBalancerSourceRanges: ['198.51.100.0/24'],
      }),
      status: {
        loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.3', ipMode: 'Proxy' }, { hostname: 'lb.test' }] },
      },
    },
    [],
    { nodeName: 'a', zone: '' },
  );
  expect(port).toMatchObject({
    affinitySeconds: 60,
    externalIps: ['192.0.2.1', '192.0.2.2'],
    firewall: { addresses: ['192.0.2.2'], sources: ['198.51.100.0/24'] },
  });
});

test('headless, external and IPv6 services have no ports of their own', () => {
  const place = { nodeName: 'a', zone: '' };
  expect(servicePorts(service({ clusterIP: 'None' }), [slice([ready('10.0.0.1')])], place)).toEqual([]);
  expect(servicePorts(service({ type: 'ExternalName', clusterIP: '' }), [], place)).toEqual([]);
  expect(servicePorts(service({ clusterIP: 'fd00::1' }), [], place)).toEqual([]);
});

test('a health check counts the ready endpoints of the node', () => {
  expect(localEndpointCount([slice([ready('10.0.0.1'), ready('10.0.1.1', 'b'), ending('10.0.0.2')])], 'a')).toBe(1);
});
