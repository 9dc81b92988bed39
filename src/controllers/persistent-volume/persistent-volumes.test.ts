import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../resources/schema/core-v1.generated.ts';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
  volumeAttributesClasses,
} from '../../resources/schema/resource-types.generated.ts';
import { claimController } from './claim-controller.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './protection-controllers.ts';
import { volumeController } from './volume-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  await world.client.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'stuurman.dev/local-path',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  world.start(
    (context) => claimController(context, { directory: '/volumes' }),
    volumeController,
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
  );
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'data' };

function claim(
  storageClassName = 'local',
  extra: Partial<PersistentVolumeClaim['metadata']> = {},
): PersistentVolumeClaim {
  return {
    metadata: { ...key, finalizers: ['kubernetes.io/pvc-protection'], ...extra },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}

function volume(name: string, storage: string, storageClassName = 'manual'): PersistentVolume {
  return {
    metadata: { name, finalizers: ['kubernetes.io/pv-protection'] },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName,
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/mnt/${name}` },
    },
  };
}

const current = () => world.client.get(persistentVolumeClaims, key);
const phases = async () =>
  (await world.list(persistentVolumes)).map((each) => `${each.metadata.name} ${each.status?.phase}`);

async function selectNode(node: string): Promise<void> {
  const body = { metadata: { annotations: { 'volume.kubernetes.io/selected-node': node } } };
  await world.client.patch(persistentVolumeClaims, key, { type: 'merge', body });
}

test('a claim waits for its first pod, then gets a folder on that node', async () => {
  const { metadata } = await world.client.create(persistentVolumeClaims, claim());
  await world.advance(1_000);
  expect((await current()).status?.phase).toBe('Pending');
  expect(await world.eventLines('data')).toEqual([
    'Normal WaitForFirstConsumer: waiting for first consumer to be created before binding',
  ]);
  await world.client.create(pods, {
    metadata: { namespace: 'shop', name: 'user' },
    spec: {
      containers: [{ name: 'c', image: 'good' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await world.advance(15_000);
  expect(await world.eventLines('data')).toContain('Normal WaitForPodScheduled: waiting for pod user to be scheduled');
  await selectNode('node-1');
  await world.environment.settle();
  const name = `pvc-${metadata.uid}`;
  expect(await current()).toMatchObject({
    metadata: {
      annotations: {
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
        'volume.kubernetes.io/storage-provisioner': 'stuurman.dev/local-path',
      },
    },
    spec: { volumeName: name },
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
  });
  expect(await world.client.get(persistentVolumes, { name })).toMatchObject({
    metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'stuurman.dev/local-path' } },
    spec: {
      capacity: { storage: '1Gi' },
      claimRef: { kind: 'PersistentVolumeClaim', ...key, uid: metadata.uid },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'local',
      hostPath: { path: `/volumes/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] }] },
          ],
        },
      },
    },
    status: { phase: 'Bound' },
  });
  expect(await world.eventLines('data')).toContain(
    `Normal ProvisioningSucceeded: Successfully provisioned volume ${name}`,
  );
});

test('a claim in use stays until its pod is gone, and takes its volume with it', async () => {
  await world.client.create(persistentVolumeClaims, claim());
  await world.environment.settle();
  await selectNode('node-1');
  const pod = await world.client.create(pods, {
    metadata: { namespace: 'shop', name: 'user' },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'c', image: 'good' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await world.environment.settle();
  await world.client.delete(persistentVolumeClaims, key);
  await world.advance(60_000);
  expect((await current()).metadata.deletionTimestamp).toBeDefined();
  expect(await phases()).toEqual([expect.stringMatching(/Bound$/)]);
  await world.client.delete(pods, { namespace: 'shop', name: pod.metadata.name ?? '' }, { gracePeriodSeconds: 0 });
  await world.advance(1_000);
  expect(await world.list(persistentVolumeClaims)).toEqual([]);
  expect(await phases()).toEqual([]);
});

test('the smallest volume that fits is bound, and kept when it is released', async () => {
  for (const [name, size] of [
    ['small', '500Mi'],
    ['large', '10Gi'],
    ['fitting', '2Gi'],
  ] as const)
    await world.client.create(persistentVolumes, volume(name, size));
  await world.environment.settle();
  expect(await phases()).toEqual(['fitting Available', 'large Available', 'small Available']);
  await world.client.create(persistentVolumeClaims, claim('manual'));
  await world.environment.settle();
  expect(await current()).toMatchObject({
    spec: { volumeName: 'fitting' },
    status: { phase: 'Bound', capacity: { storage: '2Gi' } },
  });
  await world.client.delete(persistentVolumeClaims, key);
  await world.environment.settle();
  expect(await phases()).toEqual(['fitting Released', 'large Available', 'small Available']);
});

test('a claim that finds no class and no volume says so, and is served when one comes', async () => {
  await world.client.create(persistentVolumeClaims, claim('manual'));
  await world.environment.settle();
  expect(await world.eventLines('data')).toEqual([
    'Warning ProvisioningFailed: storageclass.storage.k8s.io "manual" not found',
  ]);
  await world.client.create(persistentVolumes, volume('late', '1Gi'));
  await world.environment.settle();
  expect((await current()).spec?.volumeName).toBe('late');
});

test('the class that an old annotation names comes first', async () => {
  const annotations = { 'volume.beta.kubernetes.io/storage-class': 'manual' };
  await world.client.create(persistentVolumes, volume('disk', '2Gi'));
  await world.client.create(persistentVolumeClaims, claim('', { annotations }));
  await world.advance(1_000);
  expect((await current()).spec?.volumeName).toBe('disk');
});

test('a claim that loses its volume says that data is lost', async () => {
  await world.client.create(persistentVolumes, { ...volume('only', '1Gi'), metadata: { name: 'only' } });
  await world.client.create(persistentVolumeClaims, claim('manual'));
  await world.environment.settle();
  const bound = await world.client.get(persistentVolumes, { name: 'only' });
  await world.client.update(persistentVolumes, { ...bound, metadata: { ...bound.metadata, finalizers: [] } });
  await world.client.delete(persistentVolumes, { name: 'only' });
  await world.environment.settle();
  expect((await current()).status?.phase).toBe('Lost');
  expect((await world.eventLines('data')).join()).toContain(
    'Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  );
});

test('a class that binds at once takes a node that is ready', async () => {
  await world.client.create(storageClasses, {
    metadata: { name: 'at-once' },
    provisioner: 'stuurman.dev/local-path',
    volumeBindingMode: 'Immediate',
  });
  await world.client.create(persistentVolumeClaims, claim('at-once'));
  await world.environment.settle();
  expect((await current()).status?.phase).toBe('Pending');
  const node = await world.client.create(nodes, {
    metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } },
  });
  await world.client.update(
    nodes,
    { ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    { subresource: 'status' },
  );
  await world.advance(16_000);
  expect((await current()).status?.phase).toBe('Bound');
});

test('a class of volume attributes stays until the last claim that asks for it and the last volume that has it are gone', async () => {
  const fast = { name: 'fast' };
  const finalizers = ['kubernetes.io/vac-protection'];
  const parameters = { speed: 'high' };
  const attributes = { metadata: { ...fast, finalizers }, driverName: 'a.example.com', parameters };
  await world.client.create(volumeAttributesClasses, attributes);
  const { spec, metadata } = claim('manual');
  const asking = { ...spec, volumeAttributesClassName: 'fast' };
  await world.client.create(persistentVolumeClaims, { metadata, spec: asking });
  const { metadata: named, spec: { hostPath: _, ...having } = {} } = volume('disk', '1Gi', 'other');
  await world.client.create(persistentVolumes, {
    metadata: named,
    spec: { ...having, csi: { driver: 'a.example.com', volumeHandle: 'disk' }, volumeAttributesClassName: 'fast' },
  });
  await world.client.delete(volumeAttributesClasses, fast);
  await world.advance(5_000);
  expect(await world.list(volumeAttributesClasses)).toHaveLength(1);
  await world.client.delete(persistentVolumeClaims, key);
  await world.advance(5_000);
  expect(await world.list(volumeAttributesClasses)).toHaveLength(1);
  await world.client.delete(persistentVolumes, { name: 'disk' });
  await world.advance(5_000);
  expect(await world.list(volumeAttributesClasses)).toEqual([]);
});

test('a volume that the provisioner of another has to delete is left to it, and one that nobody can delete has failed', async () => {
  const { spec: { hostPath, ...spec } = {} } = volume('csi', '1Gi');
  const deleting = { ...spec, persistentVolumeReclaimPolicy: 'Delete' };
  const of = (name: string) => ({ claimRef: { namespace: 'shop', name, uid: 'gone' } });
  await world.client.create(persistentVolumes, {
    metadata: { name: 'csi' },
    spec: { ...deleting, ...of('a'), csi: { driver: 'a.example.com', volumeHandle: 'x' } },
  });
  await world.client.create(persistentVolumes, {
    metadata: { name: 'folder' },
    spec: { ...deleting, ...of('b'), ...(hostPath !== undefined && { hostPath }) },
  });
  await world.advance(1_000);
  const { metadata } = await world.client.get(persistentVolumes, { name: 'folder' });
  await world.advance(60_000);
  expect(await phases()).toEqual(['csi Released', 'folder Failed']);
  const after = await world.client.get(persistentVolumes, { name: 'folder' });
  expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion);
  expect(after.status?.message).toBe(
    'error getting deleter volume plugin for volume "folder": no volume plugin matched',
  );
});

test.each<[string, Partial<PersistentVolumeClaim['spec'] & object>]>([
  ['requested PV is too small', { resources: { requests: { storage: '2Gi' } } }],
  ['storageClassName does not match', { storageClassName: '' }],
  ['incompatible volumeMode', { volumeMode: 'Block' }],
  ['incompatible accessMode', { accessModes: ['ReadWriteMany'] }],
])('a claim does not get the volume that it names where that does not suit: %s', async (why, other) => {
  await world.client.create(persistentVolumes, volume('named', '1Gi'));
  const { metadata, spec } = claim('manual');
  await world.client.create(persistentVolumeClaims, { metadata, spec: { ...spec, volumeName: 'named', ...other } });
  await world.advance(1_000);
  expect((await current()).status?.phase).toBe('Pending');
  expect(await phases()).toEqual(['named Available']);
  expect(await world.eventLines('data')).toEqual([
    `Warning VolumeMismatch: Cannot bind to requested volume "named": ${why}`,
  ]);
});

test('a claim without a class gets the default one when there is one later', async () => {
  const { metadata, spec: { storageClassName: _, ...spec } = {} } = claim();
  await world.client.create(persistentVolumeClaims, { metadata, spec });
  await world.advance(1_000);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await world.client.create(storageClasses, {
    metadata: { name: 'usual', annotations },
    provisioner: 'kubernetes.io/no-provisioner',
  });
  await world.advance(1_000);
  expect((await current()).spec?.storageClassName).toBe('usual');
  expect(await world.eventLines('data')).toContain(
    'Warning ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
  );
});

test('since when no pod has named a claim is told once it is bound', async () => {
  const told = async () => {
    const condition = (await current()).status?.conditions?.find(({ type }) => type === 'Unused');
    return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
  };
  await world.client.create(persistentVolumeClaims, claim('manual'));
  await world.advance(1_000);
  expect(await told()).toBeUndefined();
  await world.client.create(persistentVolumes, volume('disk', '1Gi'));
  await world.advance(1_000);
  expect(await told()).toBe('True NoPodsUsingPVC: No pods are currently referencing this PVC');
  await world.client.create(pods, {
    metadata: { namespace: 'shop', name: 'user' },
    spec: {
      containers: [{ name: 'c', image: 'good' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await world.advance(1_000);
  expect(await told()).toBe('False PodUsingPVC: A pod is currently referencing this PVC');
  const body = { status: { phase: 'Succeeded' } };
  await world.client.patch(pods, { ...key, name: 'user' }, { type: 'merge', body }, { subresource: 'status' });
  await world.advance(1_000);
  expect(await told()).toBe('True NoPodsUsingPVC: No pods are currently referencing this PVC');
});
