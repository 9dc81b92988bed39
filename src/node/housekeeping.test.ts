import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../test/support/node-world.ts';
import { defaultEviction } from './eviction/eviction-config.ts';

let world: NodeWorld;
afterEach(() => world.close());

test('of a container that crashes again and again one dead one is kept, with its log', async () => {
  world = await NodeWorld.start();
  const command = ['sh', '-c', 'echo hello; exit 1'];
  const pod = await world.createPod('crash', { containers: [{ name: 'main', image: 'busybox', command }] });
  await world.advance(200);
  const containers = await world.runtime.listContainers();
  expect(containers.map(({ state }) => state)).toEqual(['exited']);
  const { attempt } = containers[0]?.metadata ?? { attempt: 0 };
  expect(attempt).toBeGreaterThan(3);
  const directory = `/var/log/pods/default_crash_${pod.metadata.uid}/main`;
  expect(await world.host.files.list(directory)).toEqual([`${attempt}.log`]);
});

test('when the disk is full, unused images go that were pulled, those first that were not used for longest', async () => {
  world = await NodeWorld.start({
    images: { present: ['imported:1'] },
    diskBytes: 100_000_000,
    // That would be pressure, too.
    config: { eviction: { ...defaultEviction, everyMs: 0 } },
  });
  await world.createPod('over', { containers: [{ name: 'main', image: 'old:1' }] });
  await world.advance(10);
  await world.deletePod('over');
  await world.createPod('web', { containers: [{ name: 'main', image: 'used:1' }] });
  await world.createPod('done', { containers: [{ name: 'main', image: 'newer:1' }] });
  await world.advance(310);
  await world.deletePod('done');
  await world.advance(10);
  world.host.setLoad({ diskAvailableBytes: 10_000_000 });
  await world.advance(300);
  const tags = async () => (await world.runtime.listImages()).map(({ tags: [tag] }) => tag).sort();
  const imported = 'docker.io/library/imported:1';
  expect(await tags()).toEqual([imported, 'docker.io/library/newer:1', 'docker.io/library/used:1']);
  world.host.setLoad({ diskAvailableBytes: 1_000_000 });
  await world.advance(300);
  expect(await tags()).toEqual([imported, 'docker.io/library/used:1']);
  await world.advance(300);
  expect(await world.events('node-1')).toContainEqual(
    expect.stringMatching(
      /^FreeDiskSpaceFailed: Insufficient free disk space on the node's image filesystem \(99% of 0\.1 GiB used\)\. Failed to free sufficient space by deleting unused images \(freed 0 bytes\)\./,
    ),
  );
});
