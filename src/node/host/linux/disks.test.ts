import { expect, test } from 'vitest';
import { parseDiskStats, readDisks } from './disks.ts';
import { parseMounts, readMounts } from './mount-table.ts';

test('what disks have done, by name and number', () => {
  const text =
    ' 254       0 vda 1820997 141039 52485626 5064850 4587825 2486577 256954168 3423826 1 826956 8955301 279170 0 200 100 0 0\n 104       1 cciss!c0d0p1 1 2 3 4 5 6 7 8 9 10 11\n';
  const [vda, old] = parseDiskStats(text);
  expect(vda).toEqual({
    numbers: '254:0',
    device: '/dev/vda',
    activity: {
      reads: 1_820_997,
      readsMerged: 141_039,
      sectorsRead: 52_485_626,
      readMs: 5_064_850,
      writes: 4_587_825,
      writesMerged: 2_486_577,
      sectorsWritten: 256_954_168,
      writeMs: 3_423_826,
      inProgress: 1,
      busyMs: 826_956,
      weightedMs: 8_955_301,
    },
  });
  expect(old).toMatchObject({ device: '/dev/cciss/c0d0p1', activity: { weightedMs: 11 } });
});

test('each disk is told of once; not what is in memory, gone, or on another machine', async () => {
  const mounts = parseMounts(
    [
      '22 1 254:0 / / rw - ext4 /dev/none-such rw',
      '30 22 254:0 /var /tmp rw - ext4 /dev/none-such rw',
      '31 22 0:21 / /dev rw - devtmpfs /dev/udev rw',
      '32 22 0:22 / /run rw - tmpfs tmpfs rw',
      '33 22 0:23 / /proc rw - nfs4 server:/export rw',
      '34 22 7:0 / /none/such/place rw - squashfs /dev/loop0 ro',
    ].join('\n'),
  );
  expect((await readDisks(mounts)).map(({ device }) => device)).toEqual(['/dev/none-such']);
});

test('this machine', async () => {
  for (const { capacityBytes, usedBytes } of await readDisks(await readMounts()))
    expect(usedBytes).toBeLessThanOrEqual(capacityBytes);
});
