import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { StatefulSet, StatefulSetSpec } from '../../resources/schema/apps-v1.generated.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../resources/schema/resource-types.generated.ts';
import { statefulSetController } from './stateful-set-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.startKubelet();
  world.start(statefulSetController);
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'db' };

function statefulSet(replicas: number, spec: Partial<StatefulSetSpec> = {}): StatefulSet {
  return {
    metadata: { ...key, annotations: { note: 'hello' } },
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      template: template('v1'),
      ...spec,
    },
  };
}

function template(image: string) {
  return { metadata: { labels: { app: 'db' } }, spec: { nodeName: 'node-1', containers: [{ name: 'c', image }] } };
}

const claimTemplate = {
  metadata: { name: 'data', labels: { l: 'm' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'local' },
};

const current = () => world.client.get(statefulSets, key);

async function change(spec: Partial<StatefulSetSpec>): Promise<void> {
  const set = await current();
  await world.client.update(statefulSets, { ...set, spec: { ...set.spec, ...spec } });
}

/** `name:image`, `!` behind those that are being deleted. */
async function shown(): Promise<readonly string[]> {
  return (await world.list(pods)).map(
    (pod) =>
      `${pod.metadata.name}:${pod.spec?.containers[0]?.image}${pod.metadata.deletionTimestamp === undefined ? '' : '!'}`,
  );
}

test('pods come one after the other, each with its name, claims and labels', async () => {
  await world.client.create(statefulSets, statefulSet(2, { volumeClaimTemplates: [claimTemplate] }));
  await world.environment.settle();
  expect(await shown()).toEqual(['db-0:v1']);
  await world.advance(1_500);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1']);
  await world.advance(5_000);
  const { status } = await current();
  expect(status).toEqual({
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    currentReplicas: 2,
    updatedReplicas: 2,
    currentRevision: expect.stringMatching(/^db-[bcdfghjklmnpqrstvwxz2456789]+$/),
    updateRevision: status?.currentRevision,
    collisionCount: 0,
  });
  const pod = await world.client.get(pods, { namespace: 'shop', name: 'db-1' });
  expect(pod).toMatchObject({
    metadata: {
      generateName: 'db-',
      labels: {
        app: 'db',
        'apps.kubernetes.io/pod-index': '1',
        'controller-revision-hash': status?.updateRevision,
        'statefulset.kubernetes.io/pod-name': 'db-1',
      },
      ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      hostname: 'db-1',
      subdomain: 'db',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } }],
    },
  });
  expect(await world.list(persistentVolumeClaims)).toMatchObject([
    { metadata: { name: 'data-db-0', labels: { app: 'db', l: 'm' } }, spec: claimTemplate.spec },
    { metadata: { name: 'data-db-1' } },
  ]);
  expect(await world.list(controllerRevisions)).toMatchObject([
    {
      metadata: {
        name: status?.currentRevision,
        labels: { app: 'db', 'controller.kubernetes.io/hash': status?.currentRevision?.slice(3) },
        annotations: { note: 'hello' },
        ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
      },
      data: { spec: { template: { $patch: 'replace', metadata: { labels: { app: 'db' } } } } },
      revision: 1,
    },
  ]);
  expect(await world.eventLines('db')).toEqual([
    'Normal SuccessfulCreate: Create Claim data-db-0 Pod db-0 in StatefulSet db success',
    'Normal SuccessfulCreate: Create Pod db-0 in StatefulSet db successful',
    'Normal SuccessfulCreate: Create Claim data-db-1 Pod db-1 in StatefulSet db success',
    'Normal SuccessfulCreate: Create Pod db-1 in StatefulSet db successful',
  ]);
});

test('a pod that is deleted comes back under its name, with its claim', async () => {
  await world.client.create(statefulSets, statefulSet(2, { volumeClaimTemplates: [claimTemplate] }));
  await world.advance(5_000);
  const claim = await world.client.get(persistentVolumeClaims, { namespace: 'shop', name: 'data-db-0' });
  const before = await world.client.get(pods, { namespace: 'shop', name: 'db-0' });
  await world.client.delete(pods, { namespace: 'shop', name: 'db-0' });
  await world.advance(5_000);
  const after = await world.client.get(pods, { namespace: 'shop', name: 'db-0' });
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect((await world.client.get(persistentVolumeClaims, { namespace: 'shop', name: 'data-db-0' })).metadata.uid).toBe(
    claim.metadata.uid,
  );
});

test('scaling down takes the highest ordinal first, one after the other, and keeps the claims', async () => {
  await world.client.create(statefulSets, statefulSet(3, { volumeClaimTemplates: [claimTemplate] }));
  await world.advance(6_000);
  await change({ replicas: 1 });
  await world.environment.settle();
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1', 'db-2:v1!']);
  await world.advance(1_500);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1!']);
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1']);
  expect(await world.names(persistentVolumeClaims)).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
});

test('claims of pods that are scaled away belong to them where the policy says so', async () => {
  await world.client.create(
    statefulSets,
    statefulSet(2, {
      volumeClaimTemplates: [claimTemplate],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    }),
  );
  await world.advance(5_000);
  const owners = async (name: string) =>
    (await world.client.get(persistentVolumeClaims, { namespace: 'shop', name })).metadata.ownerReferences;
  expect(await owners('data-db-1')).toMatchObject([{ kind: 'StatefulSet', name: 'db' }]);
  await change({ replicas: 1 });
  await world.advance(500);
  expect(await owners('data-db-1')).toMatchObject([{ kind: 'Pod', name: 'db-1' }]);
  expect(await owners('data-db-0')).toMatchObject([{ kind: 'StatefulSet', name: 'db' }]);
  await world.advance(5_000);
  // The claim is on its way with the old pod: a new one waits until it is gone.
  await change({ replicas: 2 });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1']);
  await world.client.delete(persistentVolumeClaims, { namespace: 'shop', name: 'data-db-1' });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1']);
});

test('another retention policy gives claims other owners, and is told of as an update of the pod', async () => {
  await world.client.create(statefulSets, statefulSet(1, { volumeClaimTemplates: [claimTemplate] }));
  await world.advance(3_000);
  await change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } });
  await world.advance(3_000);
  const claim = await world.client.get(persistentVolumeClaims, { namespace: 'shop', name: 'data-db-0' });
  expect(claim.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', name: 'db' }]);
  const updates = (await world.eventLines('db')).filter((line) => line.includes('Update'));
  expect(updates).toEqual(['Normal SuccessfulUpdate: Update Pod db-0 in StatefulSet db successful']);
});

test('a pod whose claim is going says so, and comes once it is gone', async () => {
  await world.client.create(statefulSets, statefulSet(1, { volumeClaimTemplates: [claimTemplate] }));
  await world.advance(3_000);
  const claimKey = { namespace: 'shop', name: 'data-db-0' };
  const claim = await world.client.get(persistentVolumeClaims, claimKey);
  const held = { ...claim, metadata: { ...claim.metadata, finalizers: ['example.com/held'] } };
  await world.client.update(persistentVolumeClaims, held);
  await world.client.delete(persistentVolumeClaims, claimKey);
  await world.client.delete(pods, { namespace: 'shop', name: 'db-0' });
  await world.advance(5_000);
  expect(await shown()).toEqual([]);
  expect((await world.eventLines('db')).filter((line) => line.startsWith('Warning'))).toEqual([
    'Warning FailedCreate: Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted',
  ]);
  const going = await world.client.get(persistentVolumeClaims, claimKey);
  await world.client.update(persistentVolumeClaims, { ...going, metadata: { ...going.metadata, finalizers: [] } });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1']);
});

test('a rolling update goes from the highest ordinal down to the partition', async () => {
  await world.client.create(statefulSets, statefulSet(3));
  await world.advance(6_000);
  const before = (await current()).status?.currentRevision;
  await change({
    template: template('v2'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1, maxUnavailable: 1 } },
  });
  await world.environment.settle();
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1', 'db-2:v1!']);
  await world.advance(10_000);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v2', 'db-2:v2']);
  expect((await current()).status).toMatchObject({ currentRevision: before, currentReplicas: 1, updatedReplicas: 2 });
  // What lies below the partition comes back as it was.
  await world.client.delete(pods, { namespace: 'shop', name: 'db-0' });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v2', 'db-2:v2']);
  await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } } });
  await world.advance(10_000);
  const { status } = await current();
  expect(status).toMatchObject({ currentReplicas: 3, updatedReplicas: 3, currentRevision: status?.updateRevision });
});

test('with OnDelete a pod is new only after someone deleted it', async () => {
  await world.client.create(statefulSets, statefulSet(2, { updateStrategy: { type: 'OnDelete' } }));
  await world.advance(5_000);
  await change({ template: template('v2') });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1']);
  await world.client.delete(pods, { namespace: 'shop', name: 'db-0' });
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-0:v2', 'db-1:v1']);
});

test('a broken revision stops; in order it needs a hand, in parallel it can be undone', async () => {
  for (const [policy, afterUndo] of [
    ['OrderedReady', ['db-0:v1', 'db-1:bad']],
    ['Parallel', ['db-0:v1', 'db-1:v1']],
  ] as const) {
    await world.client.create(statefulSets, statefulSet(2, { podManagementPolicy: policy }));
    await world.advance(5_000);
    await change({ template: template('bad') });
    await world.advance(20_000);
    expect(await shown()).toEqual(['db-0:v1', 'db-1:bad']);
    await change({ template: template('v1') });
    await world.advance(20_000);
    expect(await shown()).toEqual(afterUndo);
    const revisions = await world.list(controllerRevisions);
    expect(revisions.map((each) => each.revision).sort()).toEqual([2, 3]);
    await world.client.delete(statefulSets, key);
    for (const pod of await world.list(pods))
      await world.client.delete(pods, { namespace: 'shop', name: pod.metadata.name ?? '' });
    for (const each of revisions)
      await world.client.delete(controllerRevisions, { namespace: 'shop', name: each.metadata.name ?? '' });
    await world.advance(5_000);
  }
});

test('in parallel all come at once, and as many are replaced at once as may be unavailable', async () => {
  await world.client.create(
    statefulSets,
    statefulSet(4, {
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: '50%' } },
    }),
  );
  await world.environment.settle();
  expect(await shown()).toHaveLength(4);
  await world.advance(5_000);
  await change({ template: template('v2') });
  await world.environment.settle();
  expect(await shown()).toEqual(['db-0:v1', 'db-1:v1', 'db-2:v1!', 'db-3:v1!']);
  await world.advance(20_000);
  expect(await shown()).toEqual(['db-0:v2', 'db-1:v2', 'db-2:v2', 'db-3:v2']);
});

test('a pod that has ended is replaced', async () => {
  await world.client.create(statefulSets, statefulSet(1));
  await world.advance(5_000);
  const pod = await world.client.get(pods, { namespace: 'shop', name: 'db-0' });
  await world.client.update(pods, { ...pod, status: { phase: 'Failed' } }, { subresource: 'status' });
  await world.advance(5_000);
  expect((await world.client.get(pods, { namespace: 'shop', name: 'db-0' })).status?.phase).toBe('Running');
  expect(await world.eventLines('db')).toEqual([
    'Normal SuccessfulCreate: Create Pod db-0 in StatefulSet db successful',
    'Normal SuccessfulDelete: Delete Pod db-0 in StatefulSet db successful',
  ]);
});

test('waits for pods to be ready long enough, and starts where the ordinals start', async () => {
  await world.client.create(statefulSets, statefulSet(2, { minReadySeconds: 10, ordinals: { start: 5 } }));
  await world.advance(8_000);
  expect(await shown()).toEqual(['db-5:v1']);
  await world.advance(5_000);
  expect(await shown()).toEqual(['db-5:v1', 'db-6:v1']);
});

test('old revisions that no pod comes from go beyond the limit', async () => {
  await world.client.create(statefulSets, statefulSet(1, { revisionHistoryLimit: 1 }));
  for (const image of ['v2', 'v3', 'v4']) {
    await world.advance(6_000);
    await change({ template: template(image) });
  }
  await world.advance(6_000);
  expect((await world.list(controllerRevisions)).map((each) => each.revision).sort()).toEqual([3, 4]);
});
