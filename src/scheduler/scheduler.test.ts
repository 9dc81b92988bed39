import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { node, serverWithBindings } from '../../test/support/scheduling.ts';
import type { Client } from '../client/client.ts';
import { createInformerFactory } from '../client/informers/informer-factory.ts';
import type { Deed } from '../client/series-event-recorder.ts';
import type { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { silentMetrics } from '../machinery/metrics.ts';
import { conflict, notFound } from '../machinery/status-errors.ts';
import {
  deviceClasses,
  nodes,
  persistentVolumeClaims,
  pods,
  resourceClaims,
  storageClasses,
} from '../resources/schema/resource-types.generated.ts';
import { Scheduler } from './scheduler.ts';

const key = { namespace: 'default', name: 'web' };
let environment: VirtualEnvironment;
let client: Client;
let scheduler: Scheduler;
let deeds: Deed[];

beforeEach(async () => {
  ({ environment, client } = await serverWithBindings());
  deeds = [];
  const informers = createInformerFactory({ client, environment, logger: silentLogger });
  scheduler = new Scheduler({
    client,
    informers,
    environment,
    logger: silentLogger,
    metrics: silentMetrics,
    recorder: { record: (deed) => deeds.push(deed) },
  });
  await client.create(nodes, node('n1'));
  const starting = scheduler.start();
  await environment.settle();
  await starting;
});
afterEach(() => scheduler.stop());

/** What is done to the pod between the decision for it and its binding, which fails. */
function beforeBinding(happens: () => Promise<unknown>): void {
  vi.spyOn(client, 'createSubresource').mockImplementationOnce(async () => {
    await happens();
    throw conflict(pods, 'web', 'pod web cannot be bound');
  });
}

async function createPod(finalizers: readonly string[] = []): Promise<void> {
  const containers = [{ name: 'main', image: 'app:1' }];
  await client.create(pods, { metadata: { ...key, finalizers }, spec: { containers } });
  await environment.settle();
}

test.each([
  ['is being deleted', ['example.com/wait'], () => client.delete(pods, key, { gracePeriodSeconds: 0 })],
  ['is gone', [], () => client.delete(pods, key, { gracePeriodSeconds: 0 })],
  [
    'was placed by another scheduler',
    [],
    () => client.createSubresource(pods, key, 'binding', { metadata: key, target: { kind: 'Node', name: 'n1' } }),
  ],
])('a pod that %s while it is bound is no failure', async (_, finalizers, happens) => {
  beforeBinding(happens);
  await createPod(finalizers);
  await environment.advance(20_000);
  expect(deeds).toEqual([]);
});

test('a pod that was not bound though it waits is one, and is tried again', async () => {
  beforeBinding(async () => {});
  await createPod();
  await environment.advance(20_000);
  expect(deeds.map(({ reason }) => reason)).toEqual(['FailedScheduling', 'Scheduled']);
});

test('a pod that waits for a claim for devices is held back without a word, and tried once that is there', async () => {
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'x' } }] } };
  const containers = [{ name: 'main', image: 'app:1' }];
  const wanted = [{ name: 'gpu', resourceClaimTemplateName: 't' }];
  await client.create(pods, { metadata: key, spec: { containers, resourceClaims: wanted } });
  await environment.advance(20_000);
  const pod = await client.get(pods, key);
  expect([deeds, pod.status?.conditions]).toEqual([[], undefined]);
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: pod.metadata.uid ?? '', controller: true },
  ];
  await client.create(resourceClaims, { metadata: { namespace: 'default', name: 'gpu', ownerReferences }, spec });
  await environment.advance(20_000);
  expect(deeds).toEqual([]);
  const status = { ...pod.status, resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'gpu' }] };
  await client.update(pods, { ...pod, status }, { subresource: 'status' });
  await environment.advance(20_000);
  await client.create(deviceClasses, { metadata: { name: 'x' }, spec: {} });
  await environment.advance(20_000);
  const message = (what: string) =>
    `FailedScheduling: 0/1 nodes are available: ${what}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`;
  expect(deeds.map((deed) => `${deed.reason}: ${deed.message}`)).toEqual([
    message('request r: device class x does not exist'),
    message('1 cannot allocate all claims'),
  ]);
});

test('a pod that takes the name of one that went while it was bound is placed', async () => {
  beforeBinding(async () => {
    await client.delete(pods, key, { gracePeriodSeconds: 0 });
    await client.create(pods, { metadata: key, spec: { containers: [{ name: 'main', image: 'app:2' }] } });
    await environment.settle();
  });
  await createPod();
  await environment.advance(20_000);
  const { spec } = await client.get(pods, key);
  expect(spec?.containers[0]?.image).toBe('app:2');
  expect(spec?.nodeName).toBe('n1');
  expect(deeds.map(({ reason }) => reason)).toEqual(['Scheduled']);
});

test('since when a pod has had no node stays the same over its attempts', async () => {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '64' } } }];
  await client.create(pods, { metadata: key, spec: { containers } });
  await environment.advance(1_000);
  const condition = async () =>
    (await client.get(pods, key)).status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const first = await condition();
  expect(first).toMatchObject({ status: 'False', reason: 'Unschedulable' });
  await client.create(nodes, node('n2'));
  await environment.advance(20_000);
  const second = await condition();
  expect(second?.message).toMatch(/^0\/2 nodes/);
  await client.create(nodes, node('n3'));
  await environment.advance(20_000);
  expect(await condition()).toEqual({ ...second, message: second?.message?.replaceAll('2', '3') });
  expect(second?.lastTransitionTime).toBe(first?.lastTransitionTime);
});

const prioritized = (name: string, priority: number, cpu: string) =>
  client.create(pods, {
    metadata: { namespace: 'default', name },
    spec: { priority, containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu } } }] },
  });
const find = (name: string) => client.get(pods, { namespace: 'default', name });
const nodeOf = async (name: string) => (await find(name)).spec?.nodeName;
const evicted = () => deeds.filter(({ reason }) => reason === 'Preempted').length;

test('nobody else is evicted for a pod while those that make room for it are ending', async () => {
  await client.create(nodes, node('n2'));
  for (const name of ['low-1', 'low-2']) await prioritized(name, 0, '4');
  await environment.advance(1_000);
  await prioritized('high', 10, '4');
  await environment.advance(1_000);
  expect(evicted()).toBe(1);
  const { status } = await find('high');
  const chosen = status?.nominatedNodeName;
  expect(['n1', 'n2']).toContain(chosen);
  // Whatever happens in the cluster has it tried again.
  await client.create(nodes, node('n3', { allocatable: { cpu: '1' } }));
  await environment.advance(20_000);
  expect(evicted()).toBe(1);
  const after = await find('high');
  expect(after.status?.nominatedNodeName).toBe(chosen);
  expect(after.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toBe(
    '0/3 nodes are available: 3 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.',
  );
});

test('room that was made for a pod is not taken by a less important one', async () => {
  await prioritized('low', 0, '3');
  await environment.advance(1_000);
  await prioritized('high', 10, '4');
  await environment.advance(1_000);
  expect(evicted()).toBe(1);
  await prioritized('late', 5, '1');
  await prioritized('urgent', 20, '1');
  await environment.advance(5_000);
  expect(await nodeOf('late')).toBeUndefined();
  // Who is more important need not wait.
  expect(await nodeOf('urgent')).toBe('n1');
  for (const name of ['urgent', 'low']) {
    await client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
    await environment.settle();
  }
  await environment.advance(20_000);
  expect(await nodeOf('high')).toBe('n1');
  expect(await nodeOf('late')).toBeUndefined();
});

test('a victim that is gone already does not keep the others', async () => {
  for (const name of ['low-1', 'low-2']) await prioritized(name, 0, '2');
  await environment.advance(1_000);
  const patch = client.patch.bind(client);
  vi.spyOn(client, 'patch').mockImplementation((type, target, ...rest) =>
    target.name === 'low-1' ? Promise.reject(notFound(pods, 'low-1')) : patch(type, target, ...rest),
  );
  await prioritized('high', 10, '4');
  await environment.advance(1_000);
  expect((await find('low-2')).metadata.deletionTimestamp).toBeDefined();
});

test('what its status says of a pod has nobody tried again who waits for its labels', async () => {
  const labels = { app: 'web' };
  const antiAffinity = [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } }];
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: antiAffinity } };
  const containers = [{ name: 'main', image: 'app:1' }];
  const first = { namespace: 'default', name: 'first' };
  await client.create(pods, { metadata: { ...first, labels }, spec: { containers } });
  await environment.advance(1_000);
  await client.create(pods, { metadata: { ...key, labels }, spec: { containers, affinity } });
  await environment.advance(30_000);
  const attempts = () => deeds.filter(({ reason }) => reason === 'FailedScheduling').length;
  const before = attempts();
  const told = { type: 'merge', body: { status: { message: 'starts' } } } as const;
  await client.patch(pods, first, told, { subresource: 'status' });
  await environment.advance(20_000);
  expect(attempts()).toBe(before);
  await client.patch(pods, first, { type: 'merge', body: { metadata: { labels: { app: 'other' } } } });
  await environment.advance(20_000);
  expect(await nodeOf('web')).toBe('n1');
});

test('a pod that was promised room loses it to a more important one that has further pods leave', async () => {
  const create = async (name: string, priority: number, cpu: string, finalizers: readonly string[] = []) => {
    const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu } } }];
    await client.create(pods, { metadata: { namespace: 'default', name, finalizers }, spec: { containers, priority } });
    await environment.advance(5_000);
  };
  const stays = ['example.com/stays'];
  await create('low-1', 0, '2', stays);
  await create('low-2', 0, '2', stays);
  await create('middle', 50, '2');
  await create('high', 100, '4');
  const nominations = ['middle', 'high'].map(async (name) => {
    return (await client.get(pods, { namespace: 'default', name })).status?.nominatedNodeName;
  });
  expect(await Promise.all(nominations)).toEqual([undefined, 'n1']);
  const said = deeds.flatMap(({ regarding, message }) => (regarding.name === 'middle' ? [message] : []));
  expect(said.at(-1)).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu.',
  );
});

test('a pod that goes while its volume is bound is not waited for', async () => {
  await client.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'example.com/slow',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await client.create(persistentVolumeClaims, {
    metadata: { namespace: 'default', name: 'data' },
    spec: { storageClassName: 'local', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await environment.advance(1_000);
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
  await client.create(pods, { metadata: key, spec: { containers: [{ name: 'main', image: 'app:1' }], volumes } });
  await environment.advance(5_000);
  expect((await client.get(pods, key)).status?.nominatedNodeName).toBe('n1');
  await client.delete(pods, key, { gracePeriodSeconds: 0 });
  const reads = vi.spyOn(environment, 'sleep');
  await environment.advance(20_000);
  expect(reads).not.toHaveBeenCalled();
  expect(deeds).toEqual([]);
});

test('a pod that is to be spread is tried again when the node that it could not go to is gone', async () => {
  await client.create(nodes, node('full', { allocatable: { pods: '0' } }));
  const create = async (name: string) => {
    const labelSelector = { matchLabels: { app: 'web' } };
    const topologySpreadConstraints = [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector },
    ];
    const spec = { containers: [{ name: 'main', image: 'app:1' }], topologySpreadConstraints };
    await client.create(pods, { metadata: { namespace: 'default', name, labels: { app: 'web' } }, spec });
    await environment.advance(5_000);
  };
  await create('first');
  await create('second');
  expect(await nodeOf('second')).toBeUndefined();
  await client.delete(nodes, { name: 'full' });
  await environment.advance(5_000);
  expect(await nodeOf('second')).toBe('n1');
});
