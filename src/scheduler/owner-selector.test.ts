import { expect, test } from 'vitest';
import type { Lister } from '../client/informer.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { StatefulSet } from '../resources/schema/apps-v1.generated.ts';
import { ownerSelector } from './owner-selector.ts';

function lister<T extends KubeObject>(...objects: readonly T[]): Lister<T> {
  return {
    get: (name) => objects.find(({ metadata }) => metadata.name === name),
    list: () => objects,
    byIndex: () => [],
    size: objects.length,
  };
}

const metadata = { name: 'web', namespace: 'shop' };
const selector = { matchLabels: { app: 'web' } };
const listers = {
  services: lister({ metadata, spec: { selector: { tier: 'front' } } }),
  replicationControllers: lister({ metadata, spec: { selector: { app: 'old' } } }),
  replicaSets: lister({ metadata, spec: { selector, replicas: 1 } }),
  statefulSets: lister<StatefulSet>(),
};

function pod(apiVersion: string, kind: string, labels: Readonly<Record<string, string>>) {
  const owner = { apiVersion, kind, name: 'web', uid: 'u', controller: true };
  return { metadata: { name: 'p', namespace: 'shop', labels, ownerReferences: [owner] } };
}

test('pods belong together that the controller of a pod selects', () => {
  const ofReplicaSet = ownerSelector(listers)(pod('apps/v1', 'ReplicaSet', { app: 'web' }));
  expect([{ app: 'web' }, { app: 'old' }].map((labels) => ofReplicaSet?.(labels))).toEqual([true, false]);
  const ofController = ownerSelector(listers)(pod('v1', 'ReplicationController', { app: 'old' }));
  expect([{ app: 'web' }, { app: 'old' }].map((labels) => ofController?.(labels))).toEqual([false, true]);
});

test('a service in front narrows that down, and other owners say nothing', () => {
  const labels = { app: 'web', tier: 'front' };
  const both = ownerSelector(listers)(pod('apps/v1', 'ReplicaSet', labels));
  expect([labels, { app: 'web' }].map((each) => both?.(each))).toEqual([true, false]);
  expect(ownerSelector(listers)(pod('batch/v1', 'Job', { app: 'web' }))).toBeUndefined();
});
