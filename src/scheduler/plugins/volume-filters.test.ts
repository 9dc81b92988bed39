import { expect, test } from 'vitest';
import { node, pod, SchedulingFixture } from '../../../test/support/scheduling.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
  Volume,
} from '../../resources/schema/core-v1.generated.ts';
import { podInfo } from '../pod-info.ts';
import { findPreemption } from '../preemption.ts';

const claimed = (claimName: string): Volume => ({ name: 'data', persistentVolumeClaim: { claimName } });
const user = (name: string, volume: Volume, on?: string, priority = 0): Pod =>
  pod(name, { spec: { volumes: [volume], priority }, ...(on !== undefined && { on }) });

/** A claim and the volume that it is bound to. */
function bound(name: string, spec: PersistentVolumeSpec = {}, labels: Record<string, string> = {}) {
  const claim: PersistentVolumeClaim = {
    metadata: { name, namespace: 'default' },
    spec: { volumeName: name, ...(spec.accessModes !== undefined && { accessModes: spec.accessModes }) },
    status: { phase: 'Bound' },
  };
  const volume: PersistentVolume = { metadata: { name, labels }, spec };
  return { claim, volume };
}

function world(objects: readonly ReturnType<typeof bound>[], placed: readonly Pod[], limit?: number) {
  const nodes = ['a', 'b'].map((name) => node(name, { labels: { 'topology.kubernetes.io/zone': `z-${name}` } }));
  const driver = {
    name: 'disks.example.com',
    nodeID: 'a',
    ...(limit !== undefined && { allocatable: { count: limit } }),
  };
  return new SchedulingFixture(
    [...nodes],
    placed,
    {},
    {
      claims: objects.map(({ claim }) => claim),
      volumes: objects.map(({ volume }) => volume),
      csiNodes: ['a', 'b'].map((name) => ({ metadata: { name }, spec: { drivers: [driver] } })),
    },
  );
}

test('a claim that is for one pod only keeps a second pod off every node, unless the first has to leave', () => {
  const shared = bound('one', { accessModes: ['ReadWriteOncePod'] });
  const fixture = world([shared], [user('first', claimed('one'), 'a')]);
  expect(fixture.schedule(user('second', claimed('one')))).toBe(
    '0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.',
  );
  const urgent = user('urgent', claimed('one'), undefined, 10);
  const attempt = fixture.attempt(urgent);
  if (attempt.outcome !== 'rejected') throw new Error('the claim was taken');
  expect(
    findPreemption(fixture.plugins, attempt.state, podInfo(urgent), fixture.snapshot(), attempt.diagnosis),
  ).toMatchObject({ outcome: 'found', nodeName: 'a' });
});

test.each<[string, Volume, Volume, boolean]>([
  [
    'a disk',
    { name: 'd', gcePersistentDisk: { pdName: 'x' } },
    { name: 'd', gcePersistentDisk: { pdName: 'x' } },
    false,
  ],
  [
    'a disk that both only read',
    { name: 'd', gcePersistentDisk: { pdName: 'x', readOnly: true } },
    { name: 'd', gcePersistentDisk: { pdName: 'x', readOnly: true } },
    true,
  ],
  [
    'a block device over the network',
    { name: 'd', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:a', lun: 0 } },
    { name: 'd', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:a', lun: 1, readOnly: true } },
    false,
  ],
  [
    'one of other monitors',
    { name: 'd', rbd: { monitors: ['m1'], image: 'i', pool: 'rbd' } },
    { name: 'd', rbd: { monitors: ['m2'], image: 'i', pool: 'rbd' } },
    true,
  ],
])('%s is mounted on a node once', (_what, held, wanted, fits) => {
  const fixture = world([], [user('first', held, 'a'), user('other', held, 'b')]);
  const message = '0/2 nodes are available: 2 node(s) had no available disk.';
  expect(fixture.schedule(user('second', wanted)) === message).toBe(!fits);
});

test('a pod goes to the zone that the label of its volume names', () => {
  const near = bound('near', {}, { 'topology.kubernetes.io/zone': 'z-x__z-b' });
  const far = bound('far', {}, { 'failure-domain.beta.kubernetes.io/zone': 'z-x' });
  const fixture = world([near, far], []);
  expect(fixture.schedule(user('p', claimed('near')))).toBe('b');
  expect(fixture.schedule(user('p', claimed('far')))).toBe(
    '0/2 nodes are available: 2 node(s) had no available volume zone.',
  );
});

test('a node has no more volumes of a driver than it can have', () => {
  const disk = (name: string) => bound(name, { csi: { driver: 'disks.example.com', volumeHandle: name } });
  const objects = ['x', 'y', 'z'].map(disk);
  const placed = [user('first', claimed('x'), 'a'), user('second', claimed('y'), 'b')];
  expect(world(objects, placed, 1).schedule(user('p', claimed('z')))).toBe(
    '0/2 nodes are available: 2 node(s) exceed max volume count.',
  );
  // What is there already counts once.
  expect(world(objects, placed, 1).schedule(user('p', claimed('x')))).toBe('a');
  expect(world(objects, placed).schedule(user('p', claimed('z')))).toMatch(/^[ab]$/);
});
