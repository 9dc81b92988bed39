import { expect, test } from 'vitest';
import { PlainClient } from '../../../test/support/plain-client.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { endpointSlices, endpoints, services } from '../../resources/schema/resource-types.generated.ts';
import { KubernetesService } from './kubernetes-service.ts';

const key = { namespace: 'default', name: 'kubernetes' };

function make(client = new PlainClient(), address = '10.0.0.5') {
  const environment = new VirtualEnvironment(1);
  const options = { client, environment, logger: silentLogger, clusterIP: '10.96.0.1', address, port: 6443 };
  return { client, environment, service: new KubernetesService(options) };
}

test('pods find the API server by Service, Endpoints and EndpointSlice', async () => {
  const { client, service } = make();
  await service.reconcile();
  expect(client.find(services, key)).toMatchObject({
    metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
  });
  expect(client.find(endpoints, key)).toMatchObject({
    metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: '10.0.0.5' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
  });
  expect(client.find(endpointSlices, key)).toMatchObject({
    metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.5'], conditions: { ready: true } }],
  });
});

test('a server on a loopback address has no endpoints', async () => {
  const { client, service } = make(new PlainClient(), '127.0.0.1');
  await service.reconcile();
  expect(client.writes).toEqual(['create services/default/kubernetes']);
});

test('what is good is only read; an address that moved is followed', async () => {
  const { client, service } = make();
  await service.reconcile();
  client.requests.length = 0;
  await service.reconcile();
  expect(client.writes).toEqual([]);
  await make(client, '10.0.0.6').service.reconcile();
  expect(client.writes).toEqual([
    'update endpoints/default/kubernetes',
    'update endpointslices.discovery.k8s.io/default/kubernetes',
  ]);
  await make(client, 'fd00::1').service.reconcile();
  expect(client.find(endpointSlices, key)).toMatchObject({
    addressType: 'IPv6',
    endpoints: [{ addresses: ['fd00::1'] }],
  });
});

test('a server that moves while it runs leads to its new address', async () => {
  const { client, service } = make();
  await service.reconcile();
  await service.moveTo('10.0.0.7');
  expect(client.find(endpoints, key)).toMatchObject({ subsets: [{ addresses: [{ ip: '10.0.0.7' }] }] });
  expect(client.find(endpointSlices, key)).toMatchObject({ endpoints: [{ addresses: ['10.0.0.7'] }] });
  client.requests.length = 0;
  await service.reconcile();
  expect(client.writes).toEqual([]);
});

test('ports that somebody changed come back', async () => {
  const { client, service } = make();
  await service.reconcile();
  const wanted = client.find(services, key);
  if (wanted === undefined) throw new Error('no service');
  client.set(services, { ...wanted, spec: { ...wanted.spec, ports: [{ port: 80 }], sessionAffinity: 'ClientIP' } });
  await service.reconcile();
  expect(client.find(services, key)?.spec).toMatchObject({ ports: wanted.spec?.ports, sessionAffinity: 'ClientIP' });
});

test('what is deleted is back within ten seconds, until it is stopped', async () => {
  const { client, environment, service } = make();
  await service.start();
  client.remove(services, key);
  await environment.advance(10_000);
  expect(client.find(services, key)).toBeDefined();
  service.stop();
  client.remove(services, key);
  await environment.advance(60_000);
  expect(client.find(services, key)).toBeUndefined();
});
