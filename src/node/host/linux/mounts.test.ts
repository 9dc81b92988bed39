import { expect, test } from 'vitest';
import type { MountOptions } from '../host.ts';
import { mountCommands } from './mounts.ts';

test.each<readonly [MountOptions, readonly string[]]>([
  [{ type: 'bind', source: '/a', target: '/b' }, ['mount --bind -- /a /b']],
  [
    { type: 'bind', source: '/a', target: '/b', readOnly: true, shared: true },
    ['mount --bind -- /a /b', 'mount -o remount,bind,ro -- /b', 'mount --make-rshared -- /b'],
  ],
  [{ type: 'tmpfs', source: 'tmpfs', target: '/b' }, ['mount -t tmpfs -- tmpfs /b']],
  [
    { type: 'tmpfs', source: 'tmpfs', target: '/b', sizeBytes: 1024, readOnly: true },
    ['mount -t tmpfs -o size=1024,ro -- tmpfs /b'],
  ],
])('%j', (options, commands) => {
  expect(mountCommands(options).map((command) => command.join(' '))).toEqual(commands);
});
