import { expect, test } from 'vitest';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
} from '../../resources/schema/core-v1.generated.ts';
import { matchVolume } from './match-volume.ts';

const claim: PersistentVolumeClaim = {
  metadata: { name: 'data', namespace: 'shop', uid: 'u1' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, storageClassName: 'fast' },
};
const volume = (name: string, storage: string, spec: PersistentVolumeSpec = {}): PersistentVolume => ({
  metadata: { name },
  spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'fast', ...spec },
  status: { phase: 'Available' },
});
const chosen = (...volumes: PersistentVolume[]) => matchVolume(claim, volumes)?.metadata.name;

test('the smallest volume that is large enough', () => {
  expect(chosen(volume('large', '50Gi'), volume('small', '1Gi'), volume('right', '6Gi'))).toBe('right');
});

test('not one of another class, of other access, or of somebody else', () => {
  const theirs = { claimRef: { name: 'other', namespace: 'shop', uid: 'u2' } };
  expect(
    chosen(
      volume('class', '5Gi', { storageClassName: 'slow' }),
      volume('access', '5Gi', { accessModes: ['ReadOnlyMany'] }),
      volume('theirs', '5Gi', theirs),
    ),
  ).toBeUndefined();
});

test('one that was set aside for the claim goes before all others', () => {
  const ours = { claimRef: { name: 'data', namespace: 'shop' } };
  expect(chosen(volume('free', '5Gi'), volume('ours', '90Gi', ours))).toBe('ours');
});
