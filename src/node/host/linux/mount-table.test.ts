import { expect, test } from 'vitest';
import { mountPointsBelow, parseMounts, readMounts } from './mount-table.ts';

const recorded = `23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
40 23 254:0 /srv/a\\040b /data/with\\040blank ro,relatime shared:1 master:2 - ext4 /dev/vda rw
41 40 0:50 / /data/with\\040blank/below rw - tmpfs none rw
42 23 0:51 / /data/with\\040blankets rw - tmpfs none rw
`;

test('parses what the kernel writes, with optional fields and escaped names', () => {
  const mounts = parseMounts(recorded);
  expect(mounts).toHaveLength(5);
  expect(mounts[2]).toEqual({
    mountPoint: '/data/with blank',
    device: '254:0',
    root: '/srv/a b',
    type: 'ext4',
    source: '/dev/vda',
    options: ['ro', 'relatime'],
    superOptions: ['rw'],
  });
});

test('finds what is mounted at a path and below, deepest first, and not beside it', () => {
  const mounts = parseMounts(recorded);
  expect(mountPointsBelow(mounts, '/data/with blank')).toEqual(['/data/with blank/below', '/data/with blank']);
  expect(mountPointsBelow(mounts, '/nothing')).toEqual([]);
  expect(mountPointsBelow(mounts, '/').at(-1)).toBe('/');
});

test('reads the table of this machine', async () => {
  expect((await readMounts()).map((mount) => mount.mountPoint)).toContain('/proc');
});
