import { expect, test } from 'vitest';
import type { Pod, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import { noDisk, type PodUsage } from './pod-usage.ts';
import { hasStorageLimit, nearestLimit, storageExcess } from './storage-limits.ts';

const mebibytes = (count: number) => ({ bytes: count * 2 ** 20, inodes: count });
const where = { filesystem: undefined, measuredAt: 0 };
const limited = (text: string) => ({ resources: { limits: { 'ephemeral-storage': text } } });
const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } });

function usage(parts: { rootfs?: number; logs?: number; volume?: number; local?: boolean }): PodUsage {
  const { rootfs = 0, logs = 0, volume = 0, local = true } = parts;
  const main = { name: 'main', memoryBytes: 0, rootfs: mebibytes(rootfs), logs: mebibytes(logs) };
  const volumes = [{ name: 'x', local, ...mebibytes(volume), ...where }];
  return { memoryBytes: 0, processes: 1, containers: [main], volumes, files: noDisk };
}

const withVolume = pod({ containers: [{ name: 'main' }], volumes: [{ name: 'x', emptyDir: { sizeLimit: '1Mi' } }] });
const withLimit = pod({
  containers: [
    { name: 'main', ...limited('1Mi') },
    { name: 'other', ...limited('1Mi') },
  ],
});

test.each([
  [withVolume, usage({ volume: 2 }), 'Usage of EmptyDir volume "x" exceeds the limit "1Mi". '],
  [withVolume, usage({ volume: 1 }), undefined],
  [
    withLimit,
    usage({ rootfs: 1, logs: 2 }),
    'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ',
  ],
  [withLimit, usage({ rootfs: 1, logs: 1 }), 'Container main exceeded its local ephemeral storage limit "1Mi". '],
  [withLimit, usage({ volume: 3 }), 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. '],
  [withLimit, usage({ volume: 3, local: false }), undefined],
])('says which limit is exceeded (%#)', (each, used, message) => {
  expect(storageExcess(each, used, false)?.message).toBe(message);
});

test('a writable layer on a disk of its own is not what a container is limited in', () => {
  expect(storageExcess(withLimit, usage({ rootfs: 2 }), true)).toBeUndefined();
});

test('knows who has a limit, and how near it is', () => {
  expect([withVolume, withLimit, pod({})].map(hasStorageLimit)).toEqual([true, true, false]);
  const half = { ...usage({}), volumes: [{ name: 'x', local: true, bytes: 2 ** 19, inodes: 1, ...where }] };
  expect(nearestLimit(withVolume, half)).toBe(0.5);
  expect(nearestLimit(pod({}), usage({ volume: 9 }))).toBe(0);
});
