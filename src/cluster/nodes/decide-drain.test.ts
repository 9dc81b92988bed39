import { expect, test } from 'vitest';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { decideDrain } from './decide-drain.ts';

const owner = (kind: string) => [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'u', controller: true }];
const pod = (name: string, metadata: Partial<Pod['metadata']> = {}, more: Partial<Pod> = {}): Pod => ({
  metadata: { name, namespace: 'default', ...metadata },
  ...more,
});
const spec = { containers: [], volumes: [{ name: 'scratch', emptyDir: {} }] };
const all = [
  pod('replica', { ownerReferences: owner('ReplicaSet') }),
  pod('daemon', { ownerReferences: owner('DaemonSet') }),
  pod('mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  pod('lone'),
  pod('done', {}, { status: { phase: 'Succeeded' } }),
  pod('scratch', { ownerReferences: owner('ReplicaSet') }, { spec }),
];
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

test('what would be lost is not evicted unless that is said', () => {
  const { evict, stay, obstacles } = decideDrain(all, { force: false, deleteEmptyDirData: false });
  expect(names(evict)).toEqual(['replica', 'done']);
  expect(names(stay)).toEqual(['daemon', 'mirror']);
  expect(obstacles.map(({ pod: { metadata }, option }) => [metadata.name, option])).toEqual([
    ['lone', '--force'],
    ['scratch', '--delete-emptydir-data'],
  ]);
});

test('all that does not belong to the node goes when it is said', () => {
  const { evict, obstacles } = decideDrain(all, { force: true, deleteEmptyDirData: true });
  expect(names(evict)).toEqual(['replica', 'lone', 'done', 'scratch']);
  expect(obstacles).toEqual([]);
});
