import { expect, test } from 'vitest';
import type { MountOptions } from '../host.ts';
import { MemoryLedger } from '../simulated/simulated-host.ts';
import { Mounts, mountCommands } from './mounts.ts';

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

test.each([
  ['a new kernel', () => false, ['noswap', 'noswap']],
  ['an old kernel', (command: string) => command.includes('noswap'), ['noswap', 'plain', 'plain']],
])('memory is kept out of the swap where the kernel can: %s', async (_, fails, expected) => {
  const asked: string[] = [];
  const run = async (command: readonly string[]) => {
    asked.push(command.includes('noswap') ? 'noswap' : 'plain');
    if (fails(command.join(' '))) throw new Error('wrong fs type, bad option');
    return { code: 0, stdout: '', stderr: '' };
  };
  const mounts = new Mounts({ run }, new MemoryLedger());
  for (const target of ['/a', '/b']) await mounts.mount({ type: 'tmpfs', source: 'tmpfs', target });
  expect(asked).toEqual(expected);
});
