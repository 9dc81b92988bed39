import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { events, persistentVolumeClaims, pods } from '../../resources/schema/resource-types.generated.ts';
import { ephemeralVolumeController } from './ephemeral-volume-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(ephemeralVolumeController);
});
afterEach(() => world.stop());

const namespace = 'shop';
const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } };
const volumes = [
  { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } },
  { name: 'other', emptyDir: {} },
];
const makePod = (name: string) =>
  world.client.create(pods, {
    metadata: { namespace, name },
    spec: { containers: [{ name: 'c', image: 'i' }], volumes },
  });
const claims = () => world.list(persistentVolumeClaims, namespace);

test('a pod gets the claim that its volume describes, and gets it again when it is gone', async () => {
  const { metadata } = await makePod('web');
  await world.environment.settle();
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: metadata.uid };
  const expected = {
    metadata: {
      name: 'web-scratch',
      labels: { a: 'b' },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec,
  };
  expect(await claims()).toMatchObject([expected]);
  await world.client.patch(
    persistentVolumeClaims,
    { namespace, name: 'web-scratch' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  );
  await world.client.delete(persistentVolumeClaims, { namespace, name: 'web-scratch' });
  await world.environment.settle();
  expect(await claims()).toMatchObject([expected]);
});

test("somebody else's claim of the name is not taken", async () => {
  await world.client.create(persistentVolumeClaims, { metadata: { namespace, name: 'web-scratch' }, spec });
  await makePod('web');
  await world.environment.settle();
  const why = 'PVC shop/web-scratch was not created for pod shop/web (pod is not owner)';
  expect(await world.list(events, namespace)).toMatchObject([
    { type: 'Warning', reason: 'FailedBinding', message: `ephemeral volume scratch: ${why}` },
  ]);
  expect((await claims())[0]?.metadata.ownerReferences).toBeUndefined();
});
