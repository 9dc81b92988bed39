import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../test/support/node-world.ts';
import { nodes } from '../resources/schema/resource-types.generated.ts';
import { nodeIdAnnotation } from './registration/node-identity.ts';

let world: NodeWorld;
afterEach(() => world.close());

test('a pod comes to run, is ready, and says so', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const status = await world.status('web');
  expect(status.phase).toBe('Running');
  expect(status.podIP).toBe('10.1.0.2');
  expect(status.hostIP).toBe('192.168.0.1');
  expect(status.conditions?.map(({ type, status: each }) => `${type}=${each}`).sort()).toEqual([
    'ContainersReady=True',
    'Initialized=True',
    'PodReadyToStartContainers=True',
    'PodScheduled=True',
    'Ready=True',
  ]);
  expect(status.containerStatuses?.[0]).toMatchObject({
    name: 'main',
    ready: true,
    started: true,
    restartCount: 0,
    image: 'docker.io/library/nginx:1',
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  });
  expect(status.containerStatuses?.[0]?.containerID).toMatch(/^containerd:\/\/[\da-f]{64}$/);
  expect(await world.events('web')).toEqual([
    'Pulled: Container image "nginx:1" already present on machine and can be accessed by the pod',
    'Created: Container created',
    'Started: Container started',
  ]);
});

test('a new agent adopts what runs and touches nothing', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const before = await world.status('web');
  const [container] = await world.runtime.listContainers();
  await world.stopAgent();
  await world.advance(60);
  await world.startAgent();
  await world.advance(60);
  expect(await world.runtime.listContainers()).toEqual([container]);
  expect(await world.status('web')).toEqual(before);
});

test('a pod that was deleted while there was no agent is cleaned away by the next one', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  await world.stopAgent();
  await world.deletePod('web', 0);
  await world.startAgent();
  await world.advance(5);
  expect(await world.runtime.listContainers()).toEqual([]);
});

test('containers run on while the server is away, and its return finds them as they are', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  world.api.setDown(true);
  const id = world.runtime.findContainer('default', 'web', 'main') ?? '';
  await world.advance(30);
  world.runtime.exit(id, 1);
  await world.advance(30);
  expect(world.runtime.findContainer('default', 'web', 'main')).toMatch(/./);
  world.api.setDown(false);
  await world.advance(60);
  expect((await world.status('web')).containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
});

test('the node is registered, ready, and renews its lease', async () => {
  world = await NodeWorld.start();
  await world.advance(1);
  const node = await world.node();
  expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux' });
  expect(node.status?.capacity).toEqual({
    cpu: '4',
    'ephemeral-storage': '107374182400',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: '16777216Ki',
    pods: '110',
  });
  expect(node.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
    'MemoryPressure=False KubeletHasSufficientMemory',
    'DiskPressure=False KubeletHasNoDiskPressure',
    'PIDPressure=False KubeletHasSufficientPID',
    'Ready=True KubeletReady',
  ]);
  world.runtime.setNetworkNotReady('cni plugin not initialized');
  await world.advance(20);
  const ready = (await world.node()).status?.conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({
    status: 'False',
    reason: 'KubeletNotReady',
    message: 'container runtime network not ready: cni plugin not initialized',
  });
});

test('a node that the control plane took to be lost says within seconds that it is ready', async () => {
  world = await NodeWorld.start();
  await world.advance(30);
  const body = { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
  await world.api.patch(nodes, { name: 'node-1' }, { type: 'strategic', body });
  await world.advance(11);
  const ready = (await world.node()).status?.conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'True', reason: 'KubeletReady' });
});

test.each([true, false])(
  'the node is not asked for again and again: a watch tells of it (own sources: %s)',
  async (own) => {
    world = await NodeWorld.start({ ownSources: own });
    await world.advance(5);
    const asked = () => world.api.actions.filter(({ verb, resource }) => verb === 'get' && resource === 'nodes').length;
    const before = asked();
    await world.advance(300);
    expect(asked()).toBe(before);
    await world.api.delete(nodes, { name: 'node-1' });
    await world.advance(15);
    expect((await world.node()).status?.conditions?.at(-1)).toMatchObject({ type: 'Ready', status: 'True' });
  },
);

test('a node tells of its conditions as events, and of a reboot', async () => {
  world = await NodeWorld.start();
  await world.advance(1);
  expect(await world.events('node-1')).toEqual([
    'Starting: Starting kubelet.',
    'NodeHasSufficientMemory: Node node-1 status is now: NodeHasSufficientMemory',
    'NodeHasNoDiskPressure: Node node-1 status is now: NodeHasNoDiskPressure',
    'NodeHasSufficientPID: Node node-1 status is now: NodeHasSufficientPID',
    'NodeReady: Node node-1 status is now: NodeReady',
  ]);
  const body = { status: { nodeInfo: { bootID: 'before' } } };
  await world.stopAgent();
  await world.api.patch(nodes, { name: 'node-1' }, { type: 'merge', body });
  await world.startAgent();
  await world.advance(20);
  expect(await world.events('node-1')).toContainEqual(
    expect.stringMatching(/^Rebooted: Node node-1 has been rebooted, boot id: /),
  );
});

test('after the machine lost power its pods run again, with their restarts counted', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.createPod('once', { restartPolicy: 'Never', containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  await world.stopAgent();
  world.runtime.reboot();
  await world.startAgent();
  await world.advance(15);
  expect((await world.status('web')).containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
  expect(await world.events('web')).toContain('SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
  expect((await world.status('once')).phase).toBe('Failed');
});

test('another machine of the name is not registered and runs no pods, until the first one is gone', async () => {
  world = await NodeWorld.start({ config: { nodeId: 'first' } });
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const before = await world.status('web');
  const second = await NodeWorld.start({ beside: world, address: '192.168.0.2', config: { nodeId: 'second' } });
  await world.advance(60);
  expect(await second.runtime.listContainers()).toEqual([]);
  expect((await world.node()).metadata.annotations?.[nodeIdAnnotation]).toBe('first');
  expect(await world.status('web')).toEqual(before);
  await world.stopAgent();
  const body = { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
  await world.api.patch(nodes, { name: 'node-1' }, { type: 'strategic', body });
  await world.advance(30);
  expect((await world.node()).metadata.annotations?.[nodeIdAnnotation]).toBe('second');
  expect(await second.runtime.listContainers()).toHaveLength(1);
  await second.close();
});
