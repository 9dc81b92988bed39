import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { Pod, ReplicationController } from '../../resources/schema/core-v1.generated.ts';
import { pods, replicationControllers } from '../../resources/schema/resource-types.generated.ts';
import { replicaSetController } from '../replicaset/replica-set-controller.ts';
import { replicationController } from './replication-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'web' };

function controller(replicas: number): ReplicationController {
  return {
    metadata: key,
    spec: {
      replicas,
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
      },
    },
  };
}

async function scale(replicas: number): Promise<void> {
  const current = await world.client.get(replicationControllers, key);
  await world.client.update(replicationControllers, { ...current, spec: { ...current.spec, replicas } });
}

test('creates pods under its own kind, counts them, and scales down again', async () => {
  world.startKubelet();
  world.start(replicaSetController, replicationController);
  const owner = await world.client.create(replicationControllers, controller(3));
  await world.advance(2_000);
  expect((await world.client.get(replicationControllers, key)).status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  });
  const [first] = await world.list(pods);
  const { uid } = owner.metadata;
  expect(first?.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid, controller: true, blockOwnerDeletion: true },
  ]);
  await scale(1);
  await world.advance(2_000);
  expect(await world.list(pods)).toHaveLength(1);
  expect((await world.client.get(replicationControllers, key)).status).toMatchObject({ replicas: 1 });
  const lines = await world.eventLines('web');
  expect(lines.map((line) => line.slice(0, line.lastIndexOf(' ')))).toEqual([
    ...Array.from({ length: 3 }, () => 'Normal SuccessfulCreate: Created pod:'),
    ...Array.from({ length: 2 }, () => 'Normal SuccessfulDelete: Deleted pod:'),
  ]);
});

test('adopts pods that it selects, and lets go of those whose labels change', async () => {
  const orphan: Pod = {
    metadata: { ...key, name: 'orphan', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'good' }] },
  };
  await world.client.create(pods, orphan);
  world.start(replicationController);
  await world.client.create(replicationControllers, controller(1));
  await world.advance(1_000);
  expect(await world.names(pods)).toEqual(['orphan']);
  const adopted = await world.client.get(pods, { ...key, name: 'orphan' });
  expect(adopted.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicationController', name: 'web' }]);

  const { metadata } = adopted;
  await world.client.update(pods, { ...adopted, metadata: { ...metadata, labels: { app: 'other' } } });
  await world.advance(1_000);
  expect((await world.client.get(pods, { ...key, name: 'orphan' })).metadata.ownerReferences).toBeUndefined();
  expect(await world.list(pods)).toHaveLength(2);
});

test('deleted by a client that does not say how, it leaves its pods behind', async () => {
  world.start(replicationController);
  await world.client.create(replicationControllers, controller(1));
  await world.advance(1_000);
  await world.client.delete(replicationControllers, key);
  await world.advance(1_000);
  // The collector would now take the owner out of the pods and let it go.
  const { metadata } = await world.client.get(replicationControllers, key);
  expect(metadata.finalizers).toEqual(['orphan']);
});
