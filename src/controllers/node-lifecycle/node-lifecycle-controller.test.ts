import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import type { InformerFactory } from '../../client/informer.ts';
import { formatMicroTime, formatTime } from '../../machinery/time.ts';
import { leases, namespaces, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { nodeLifecycleController } from './node-lifecycle-controller.ts';

let world: ControllerWorld;
let beating: boolean;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start((context) => nodeLifecycleController(context));
  await world.client.create(namespaces, { metadata: { name: 'kube-node-lease' } });
  const node = await world.client.create(nodes, { metadata: { name: 'node-1' } });
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'KubeletReady',
    lastHeartbeatTime: formatTime(world.environment.now()),
    lastTransitionTime: formatTime(world.environment.now()),
  }));
  await world.client.update(nodes, { ...node, status: { conditions } }, { subresource: 'status' });
  await world.client.create(leases, {
    metadata: { namespace: 'kube-node-lease', name: 'node-1' },
    spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40 },
  });
  const pod = await world.client.create(pods, {
    metadata: { namespace: 'shop', name: 'p' },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
  });
  await world.setReady(pod, true);
  beating = true;
  beat();
});
afterEach(() => {
  beating = false;
  return world.stop();
});

/** An agent that renews its lease every ten seconds and writes nothing else. */
function beat(): void {
  world.environment.setTimer(10_000, () => {
    if (!beating) return;
    const body = { spec: { renewTime: formatMicroTime(world.environment.now()) } };
    void world.client
      .patch(leases, { namespace: 'kube-node-lease', name: 'node-1' }, { type: 'merge', body })
      .then(beat);
  });
}

const node = () => world.client.get(nodes, { name: 'node-1' });
const condition = async (type: string) => (await node()).status?.conditions?.find((each) => each.type === type);
const podReady = async () =>
  (await world.client.get(pods, { namespace: 'shop', name: 'p' })).status?.conditions?.find(
    ({ type }) => type === 'Ready',
  )?.status;

test('a node whose lease is renewed stays ready', async () => {
  await world.advance(3_600_000);
  expect(await condition('Ready')).toMatchObject({ status: 'True' });
  expect(await podReady()).toBe('True');
  expect((await node()).spec?.taints ?? []).toEqual([]);
});

test('a node that falls silent is unknown after 50 s, its pods are not ready, and nothing new is sent there', async () => {
  await world.advance(100_000);
  beating = false;
  await world.advance(45_000);
  expect(await condition('Ready')).toMatchObject({ status: 'True' });
  await world.advance(15_000);
  for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
    expect(await condition(type)).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
  }
  expect((await node()).spec?.taints).toEqual([
    { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule', timeAdded: expect.any(String) },
  ]);
  expect(await podReady()).toBe('False');
  expect(await world.eventLines('node-1')).toEqual([
    'Normal RegisteredNode: Node node-1 event: Registered Node node-1 in Controller',
    'Normal NodeNotReady: Node node-1 status is now: NodeNotReady',
  ]);
  expect(await world.eventLines('p')).toEqual(['Warning NodeNotReady: Node is not ready']);
  // The agent is back and says so.
  const current = await node();
  const conditions = (current.status?.conditions ?? []).map((each) => ({
    ...each,
    status: each.type === 'Ready' ? 'True' : 'False',
    lastHeartbeatTime: formatTime(world.environment.now()),
  }));
  await world.client.update(
    nodes,
    { ...current, status: { ...current.status, conditions } },
    { subresource: 'status' },
  );
  beating = true;
  beat();
  await world.advance(60_000);
  expect((await node()).spec?.taints ?? []).toEqual([]);
  expect(await condition('Ready')).toMatchObject({ status: 'True' });
});

test('a node that is removed is said farewell to', async () => {
  await world.advance(1_000);
  await world.client.delete(nodes, { name: 'node-1' });
  await world.advance(1_000);
  expect(await world.eventLines('node-1')).toContain(
    'Normal RemovingNode: Node node-1 event: Removing Node node-1 from Controller',
  );
});

test('a cordoned node is tainted', async () => {
  const current = await node();
  await world.client.update(nodes, { ...current, spec: { ...current.spec, unschedulable: true } });
  await world.environment.settle();
  expect((await node()).spec?.taints).toMatchObject([
    { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
  ]);
});

test('a watch that stands still does not make nodes silent: the server is asked first', async () => {
  await world.stop();
  world = await ControllerWorld.make();
  await world.client.create(namespaces, { metadata: { name: 'kube-node-lease' } });
  const created = await world.client.create(nodes, { metadata: { name: 'node-1' } });
  const time = formatTime(world.environment.now());
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: time, lastTransitionTime: time }];
  await world.client.update(nodes, { ...created, status: { conditions } }, { subresource: 'status' });
  const lease = await world.client.create(leases, {
    metadata: { namespace: 'kube-node-lease', name: 'node-1' },
    spec: { holderIdentity: 'node-1' },
  });
  const stale = new FakeInformer(leases, [lease]);
  world.start((context) =>
    nodeLifecycleController({
      ...context,
      informers: {
        ...context.informers,
        informer: ((...args: Parameters<InformerFactory['informer']>) =>
          args[0].resource === leases.resource ? stale : context.informers.informer(...args)) as never,
      },
    }),
  );
  beating = true;
  beat();
  await world.advance(300_000);
  expect(await condition('Ready')).toMatchObject({ status: 'True' });
  beating = false;
  await world.advance(20_000);
  stale.set(await world.client.get(leases, { namespace: 'kube-node-lease', name: 'node-1' }));
  await world.advance(60_000);
  expect(await condition('Ready')).toMatchObject({ status: 'Unknown' });
});
