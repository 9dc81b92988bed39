import { expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { servicePorts } from './service-table.ts';

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

const ready = (address: string, nodeName = 'a'): Endpoint => ({
  addresses: [address],
  nodeName,
  conditions: { ready: true },
});
const addresses = (endpoints: readonly { address: string }[] | undefined) => endpoints?.map(({ address }) => address);

test('a port leads to its ready endpoints, in order and once', () => {
  const slices = [slice([ready('10.0.0.2'), ready('10.0.0.1')]), slice([ready('10.0.0.2')])];
  const [port] = servicePorts(service({}), slices, 'a');
  expect(port).toMatchObject({
    key: 'shop/web:http',
    protocol: 'tcp',
    clusterIp: '10.96.0.9',
    port: 80,
    nodePort: 30080,
  });
  expect(port?.endpoints).toEqual([
    { address: '10.0.0.1', port: 8080 },
    { address: '10.0.0.2', port: 8080 },
  ]);
});

test('endpoints that end but still serve are used only while none is ready', () => {
  const ending: Endpoint = { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } };
  const [both] = servicePorts(service({}), [slice([ending, ready('10.0.0.1')])], 'a');
  const [alone] = servicePorts(service({}), [slice([ending])], 'a');
  expect([addresses(both?.endpoints), addresses(alone?.endpoints)]).toEqual([['10.0.0.1'], ['10.0.0.3']]);
});

test('traffic policies keep traffic on the node', () => {
  const slices = [slice([ready('10.0.0.1', 'a'), ready('10.0.1.1', 'b')])];
  const [outside] = servicePorts(service({ externalTrafficPolicy: 'Local' }), slices, 'b');
  expect([addresses(outside?.endpoints), addresses(outside?.externalEndpoints)]).toEqual([
    ['10.0.0.1', '10.0.1.1'],
    ['10.0.1.1'],
  ]);
  const [inside] = servicePorts(service({ internalTrafficPolicy: 'Local' }), slices, 'b');
  expect(addresses(inside?.endpoints)).toEqual(['10.0.1.1']);
});

test('headless and external services have no ports of their own', () => {
  expect(servicePorts(service({ clusterIP: 'None' }), [slice([ready('10.0.0.1')])], 'a')).toEqual([]);
  expect(servicePorts(service({ type: 'ExternalName', clusterIP: '' }), [], 'a')).toEqual([]);
});
