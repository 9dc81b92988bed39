import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import type { PersistentVolumeClaim, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import { nodes, persistentVolumeClaims, persistentVolumes } from '../../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
beforeEach(async () => {
  world = await NodeWorld.start();
});
afterEach(() => world.close());

const namespace = 'default';

function createClaim(phase: string): Promise<PersistentVolumeClaim> {
  return world.api.create(persistentVolumeClaims, {
    metadata: { name: 'disk', namespace },
    spec: { volumeName: 'pv-1' },
    status: { phase },
  });
}

async function provision({ metadata: { uid } }: PersistentVolumeClaim, reclaimPolicy: string): Promise<void> {
  await world.api.create(persistentVolumes, {
    metadata: { name: 'pv-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'stuurman.dev/local-path' } },
    spec: {
      hostPath: { path: '/volumes/pv-1', type: 'DirectoryOrCreate' },
      claimRef: { namespace, name: 'disk', uid },
      persistentVolumeReclaimPolicy: reclaimPolicy,
    },
  });
}

async function run(spec: Partial<PodSpec> = {}): Promise<void> {
  await world.createPod('web', {
    ...spec,
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'disk' } }],
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  });
  await world.advance(1);
}

/** The pod is gone, and what it has written is still there. */
async function useVolume(reclaimPolicy: string): Promise<void> {
  await provision(await createClaim('Bound'), reclaimPolicy);
  await run();
  await world.host.files.write('/volumes/pv-1/precious', 'data');
  await world.deletePod('web');
  await world.advance(120);
  expect(await world.host.files.list('/volumes/pv-1')).toEqual(['precious']);
}

test('a claim is waited for until it is bound, and its directory is made when it is first used', async () => {
  const claim = await createClaim('Pending');
  await run({ securityContext: { fsGroup: 2000 } });
  expect(await world.events('web')).toEqual([
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/disk: PVC is not bound',
  ]);
  await provision(claim, 'Delete');
  await world.api.patch(
    persistentVolumeClaims,
    { namespace, name: 'disk' },
    { type: 'merge', body: { status: { phase: 'Bound' } } },
  );
  await world.advance(11);
  expect(await world.containerState('web', 'main')).toBe('ready');
  const stat = await world.host.files.stat('/volumes/pv-1');
  expect(stat).toMatchObject({ type: 'directory', gid: 2000 });
  expect((stat?.mode ?? 0) & 0o2777).toBe(0o2777);
});

test('the folder of a provisioned volume goes when the volume was deleted', async () => {
  await useVolume('Delete');
  await world.api.delete(persistentVolumes, { name: 'pv-1' });
  await world.advance(61);
  expect(await world.host.files.stat('/volumes/pv-1')).toBeUndefined();
});

test('a volume that is to be kept keeps its folder', async () => {
  await useVolume('Retain');
  await world.api.delete(persistentVolumes, { name: 'pv-1' });
  await world.advance(200);
  expect(await world.host.files.list('/volumes/pv-1')).toEqual(['precious']);
});

test('a volume whose cluster has lost its memory keeps its folder', async () => {
  await useVolume('Delete');
  await world.stopAgent();
  await world.api.delete(persistentVolumes, { name: 'pv-1' });
  await world.api.delete(nodes, { name: 'node-1' });
  await world.startAgent();
  await world.advance(200);
  expect(await world.host.files.list('/volumes/pv-1')).toEqual(['precious']);
});
