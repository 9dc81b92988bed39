import { expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';

test('a log is rotated when it is too long, and the oldest are removed', async () => {
  const config = { containerLogMaxBytes: 1000, containerLogMaxFiles: 3, logRotationMs: 10_000 };
  const world = await NodeWorld.start({ config });
  const pod = await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const id = world.runtime.findContainer('default', 'web', 'main') ?? '';
  const directory = `/var/log/pods/default_web_${pod.metadata.uid}/main`;
  for (let round = 0; round < 5; round++) {
    world.runtime.log(id, `${round} ${'x'.repeat(1000)}`);
    await world.advance(10);
  }
  world.runtime.log(id, 'short');
  await world.advance(20);
  const names = await world.host.files.list(directory);
  expect(names).toHaveLength(3);
  expect(names[0]).toBe('0.log');
  expect(names[1]).toMatch(/^0\.log\.20260101-\d{6}$/);
  expect(new TextDecoder().decode(await world.host.files.read(`${directory}/0.log`))).toMatch(/ stdout F short\n$/);
  await world.close();
});
