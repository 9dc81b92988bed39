import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { EndpointSubset, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import { endpoints, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { endpointsController } from './endpoints-controller.ts';
import { subsetsOf, truncated } from './subsets.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(endpointsController);
});
afterEach(() => world.stop());

const service: Service = {
  metadata: { namespace: 'shop', name: 'web', labels: { part: 'front' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
  },
};

function pod(name: string, ip: string, ready = true, ports: { name: string; containerPort: number }[] = []): Pod {
  return {
    metadata: { namespace: 'shop', name, uid: name, labels: { app: 'web' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good', ports }] },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

const key = { namespace: 'shop', name: 'web' };

test('follows pods, and goes with the service', async () => {
  const { status: _, ...created } = pod('web-1', '');
  const running = await world.client.create(pods, created);
  await world.setReady(running, true);
  await world.client.create(services, service);
  await world.environment.settle();
  const shown = await world.client.get(endpoints, key);
  expect(shown).toMatchObject({
    metadata: {
      labels: { part: 'front', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
    },
    subsets: [
      {
        addresses: [{ nodeName: 'node-1', targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-1' } }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ],
  });
  await world.setReady(await world.client.get(pods, { namespace: 'shop', name: 'web-1' }), false);
  await world.environment.settle();
  const [subset] = (await world.client.get(endpoints, key)).subsets ?? [];
  expect(subset?.addresses ?? []).toEqual([]);
  expect(subset?.notReadyAddresses).toHaveLength(1);
  await world.client.delete(services, key);
  await world.environment.settle();
  expect(await world.list(endpoints, 'shop')).toEqual([]);
});

test('leaves endpoints alone that it did not make', async () => {
  await world.client.create(endpoints, { metadata: { namespace: 'shop', name: 'manual' } });
  await world.advance(5_000);
  expect(await world.names(endpoints)).toContain('manual');
});

test('ports with the same addresses are together, others apart', () => {
  const twoPorts: Service = {
    ...service,
    spec: {
      ...service.spec,
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'admin', port: 81, targetPort: 9000 },
      ],
    },
  };
  const named = (port: number) => [{ name: 'http', containerPort: port }];
  const same = [pod('b', '10.0.0.2', true, named(8080)), pod('a', '10.0.0.1', true, named(8080))];
  expect(summary(subsetsOf(twoPorts, same))).toEqual(['10.0.0.1,10.0.0.2 / -: admin:9000 http:8080']);
  const other = [...same, pod('c', '10.0.0.3', false, named(9090))];
  expect(summary(subsetsOf(twoPorts, other))).toEqual([
    '10.0.0.1,10.0.0.2 / 10.0.0.3: admin:9000',
    '10.0.0.1,10.0.0.2 / -: http:8080',
    '- / 10.0.0.3: http:9090',
  ]);
});

function summary(subsets: readonly EndpointSubset[]): readonly string[] {
  const ips = (addresses: EndpointSubset['addresses']) => addresses?.map(({ ip }) => ip).join() ?? '-';
  return subsets.map(
    ({ addresses, notReadyAddresses, ports }) =>
      `${ips(addresses)} / ${ips(notReadyAddresses)}: ${ports?.map(({ name, port }) => `${name}:${port}`).join(' ')}`,
  );
}

test('more than a thousand addresses are cut, those that are ready last', () => {
  const many = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, each) => ({ ip: `${prefix}${each}` }));
  expect(truncated([{ addresses: many(1_000, 'a') }])).toBeUndefined();
  const cut = truncated([
    { addresses: many(600, 'a'), notReadyAddresses: many(300, 'n') },
    { addresses: many(300, 'b'), notReadyAddresses: many(300, 'm') },
  ]);
  expect(cut?.map(({ addresses, notReadyAddresses }) => [addresses?.length, notReadyAddresses?.length])).toEqual([
    [600, 50],
    [300, 50],
  ]);
});
