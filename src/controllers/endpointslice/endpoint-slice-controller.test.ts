import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { draft } from '../../machinery/object.ts';
import type { Pod, Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { endpointSliceController } from './endpoint-slice-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  await world.client.create(nodes, {
    metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
  });
  world.start(endpointSliceController);
});
afterEach(() => world.stop());

function service(spec: Partial<ServiceSpec> = {}, name = 'web'): Service {
  return {
    metadata: { namespace: 'shop', name, labels: { part: 'front' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      ...spec,
    },
  };
}

async function makePod(name: string, port = 8080, spec: Partial<Pod['spec']> = {}): Promise<Pod> {
  const pod = await world.client.create(pods, {
    metadata: { namespace: 'shop', name, labels: { app: 'web' } },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'c', image: 'good', ports: [{ name: 'http', containerPort: port }] }],
      ...spec,
    },
  });
  await world.setReady(pod, true);
  return await world.client.get(pods, { namespace: 'shop', name });
}

const slices = async (): Promise<readonly EndpointSlice[]> => await world.list(endpointSlices, 'shop');

test('shows ready pods with address, node, zone and resolved ports', async () => {
  const pod = await makePod('web-1');
  const owner = await world.client.create(services, service());
  await world.environment.settle();
  expect(await slices()).toMatchObject([
    {
      metadata: {
        name: expect.stringMatching(/^web-[a-z0-9]{5}$/),
        generateName: 'web-',
        labels: {
          part: 'front',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'web',
            uid: owner.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: [pod.status?.podIP],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'node-1',
          zone: 'zone-a',
          targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: pod.metadata.uid },
        },
      ],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ]);
});

test('a service without pods has one empty slice, which is then filled', async () => {
  await world.client.create(services, service());
  await world.environment.settle();
  const [empty] = await slices();
  expect(empty?.endpoints ?? []).toEqual([]);
  await makePod('web-1');
  await world.environment.settle();
  const after = await slices();
  expect(after).toHaveLength(1);
  expect(after[0]?.metadata.name).toBe(empty?.metadata.name);
  expect(after[0]?.endpoints).toHaveLength(1);
});

test('follows readiness and termination, and the time when that changed', async () => {
  await world.client.create(services, service());
  const pod = await makePod('web-1');
  await world.advance(5_000);
  await world.setReady(await world.client.get(pods, { namespace: 'shop', name: 'web-1' }), false);
  await world.environment.settle();
  const conditions = async () => (await slices())[0]?.endpoints?.[0]?.conditions;
  expect(await conditions()).toEqual({ ready: false, serving: false, terminating: false });
  expect((await slices())[0]?.metadata.annotations).toEqual({
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z',
  });
  await world.setReady(await world.client.get(pods, { namespace: 'shop', name: 'web-1' }), true);
  await world.client.delete(pods, { namespace: 'shop', name: 'web-1' });
  await world.environment.settle();
  expect(await conditions()).toEqual({ ready: false, serving: true, terminating: true });
  const { uid } = pod.metadata;
  await world.client.delete(
    pods,
    { namespace: 'shop', name: 'web-1' },
    { gracePeriodSeconds: 0, preconditions: { uid } },
  );
  await world.environment.settle();
  expect((await slices())[0]?.endpoints ?? []).toEqual([]);
});

test('a headless service names its pods, and may publish those that are not ready', async () => {
  await world.client.create(
    services,
    service({ clusterIP: 'None', clusterIPs: ['None'], ports: [], publishNotReadyAddresses: true }, 'db'),
  );
  const pod = await makePod('db-0', 8080, { hostname: 'db-0', subdomain: 'db' });
  await world.setReady(pod, false);
  await world.environment.settle();
  const [slice] = await slices();
  expect(slice?.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
  expect(slice?.endpoints).toMatchObject([
    { hostname: 'db-0', conditions: { ready: true, serving: false, terminating: false } },
  ]);
  expect(slice?.ports ?? []).toEqual([]);
});

test('pods whose named port differs are in slices of their own; a pod without the port has none', async () => {
  await makePod('a', 8080);
  await makePod('b', 9090);
  await makePod('c', 1, { containers: [{ name: 'c', image: 'good' }] });
  await world.client.create(services, service());
  await world.environment.settle();
  const shown = (await slices()).map((slice) => [
    slice.ports?.[0]?.port,
    slice.endpoints?.map((each) => each.targetRef?.name),
  ]);
  expect(shown.sort()).toEqual(
    [
      [8080, ['a']],
      [9090, ['b']],
      [undefined, ['c']],
    ].sort(),
  );
});

test('keeps a hundred endpoints in a slice and changes as few slices as it can', async () => {
  await world.client.create(services, service());
  for (let each = 0; each < 250; each++) await makePod(`web-${each}`);
  await world.advance(1_000);
  const sizes = async () => (await slices()).map((slice) => slice.endpoints?.length ?? 0).sort((a, b) => a - b);
  expect(await sizes()).toEqual([50, 100, 100]);
  const before = new Map((await slices()).map((slice) => [slice.metadata.name, slice.metadata.resourceVersion]));
  await world.client.delete(pods, { namespace: 'shop', name: 'web-7' }, { gracePeriodSeconds: 0 });
  await world.advance(1_000);
  const changed = (await slices()).filter(
    (slice) => before.get(slice.metadata.name) !== slice.metadata.resourceVersion,
  );
  expect(changed).toHaveLength(1);
  await makePod('web-new');
  await world.advance(1_000);
  expect((await sizes()).reduce((sum, each) => sum + each)).toBe(250);
  expect(await sizes()).toHaveLength(3);
});

test('mends what others change, and makes no slice twice', async () => {
  await makePod('web-1');
  await world.client.create(services, service());
  await world.environment.settle();
  const [slice] = await slices();
  if (slice === undefined) throw new Error('there is no slice');
  const broken = draft(slice);
  broken.endpoints = [];
  await world.client.update(endpointSlices, broken);
  await world.environment.settle();
  expect((await slices())[0]?.endpoints).toHaveLength(1);
  const revision = (await slices())[0]?.metadata.resourceVersion;
  await world.advance(60_000);
  expect(await slices()).toMatchObject([{ metadata: { resourceVersion: revision } }]);
});

test('a pod on a node that nobody knows waits until it is known', async () => {
  await world.client.create(services, service());
  await makePod('web-1', 8080, { nodeName: 'node-2' });
  await world.environment.settle();
  expect((await slices())[0]?.endpoints ?? []).toEqual([]);
  await world.client.create(nodes, { metadata: { name: 'node-2' } });
  await world.advance(2_000);
  expect((await slices())[0]?.endpoints).toHaveLength(1);
});

test('leaves services without a selector alone', async () => {
  const { selector: _, ...spec } = service().spec ?? {};
  await world.client.create(services, { metadata: { namespace: 'shop', name: 'manual' }, spec });
  await world.client.create(endpointSlices, {
    metadata: { namespace: 'shop', name: 'manual-1', labels: { 'kubernetes.io/service-name': 'manual' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'] }],
  });
  await world.advance(5_000);
  expect(await slices()).toMatchObject([{ metadata: { name: 'manual-1' } }]);
});

test('traffic that is to stay near is given hints', async () => {
  await world.client.create(services, service({ trafficDistribution: 'PreferSameNode' }));
  await makePod('web-1');
  await world.environment.settle();
  expect((await slices())[0]?.endpoints?.[0]?.hints).toEqual({
    forZones: [{ name: 'zone-a' }],
    forNodes: [{ name: 'node-1' }],
  });
});
