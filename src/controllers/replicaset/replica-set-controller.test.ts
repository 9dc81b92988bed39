import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import type { ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods, replicaSets } from '../../resources/schema/resource-types.generated.ts';
import { replicaSetController } from './replica-set-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'web' };

function replicaSet(replicas: number, spec: Partial<ReplicaSet['spec']> = {}): ReplicaSet {
  return {
    metadata: { ...key },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web', tier: 'front' } },
        spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
      },
      ...spec,
    },
  };
}

async function scale(replicas: number): Promise<void> {
  const current = await world.client.get(replicaSets, key);
  await world.client.update(replicaSets, { ...current, spec: { ...current.spec, replicas } });
}

test('creates pods, counts them, and replaces those that go', async () => {
  world.startKubelet();
  world.start(replicaSetController);
  const owner = await world.client.create(replicaSets, replicaSet(3));
  await world.environment.settle();
  expect((await world.client.get(replicaSets, key)).status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
  await world.advance(2_000);
  const [first] = await world.list(pods);
  expect(first?.metadata).toMatchObject({
    name: expect.stringMatching(/^web-[a-z0-9]{5}$/),
    labels: { app: 'web', tier: 'front' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: owner.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
  expect((await world.client.get(replicaSets, key)).status).toMatchObject({ readyReplicas: 3, availableReplicas: 3 });
  await world.client.delete(pods, { namespace: 'shop', name: first?.metadata.name ?? '' });
  await world.environment.settle();
  expect((await world.client.get(replicaSets, key)).status).toMatchObject({ replicas: 3, terminatingReplicas: 1 });
  expect(await world.list(pods)).toHaveLength(4);
  await world.advance(2_000);
  expect(await world.list(pods)).toHaveLength(3);
  expect((await world.eventLines('web')).slice(0, 1)).toEqual([
    `Normal SuccessfulCreate: Created pod: ${await firstCreated()}`,
  ]);
});

async function firstCreated(): Promise<string> {
  const [line = ''] = await world.eventLines('web');
  return line.split(': ').at(-1) ?? '';
}

test('removes the pods that are missed least', async () => {
  world.startKubelet();
  world.start(replicaSetController);
  await world.client.create(replicaSets, replicaSet(2));
  await world.advance(100_000);
  const [old] = await world.names(pods);
  await scale(3);
  await world.advance(500);
  // The newest is not ready yet.
  const newest = (await world.list(pods)).find((pod) => pod.status?.phase !== 'Running')?.metadata.name ?? '';
  await scale(2);
  await world.advance(5_000);
  expect(await world.names(pods)).not.toContain(newest);
  expect(await world.names(pods)).toContain(old);
  expect(await world.eventLines('web')).toContain(`Normal SuccessfulDelete: Deleted pod: ${newest}`);
});

test('creates no pod twice while its caches are late', async () => {
  world.start(replicaSetController);
  await world.environment.settle();
  await world.client.create(replicaSets, replicaSet(40));
  // Many changes at once: each is a reconcile, and each sees another part of the pods.
  for (let change = 0; change < 5; change++) {
    const current = await world.client.get(replicaSets, key);
    await world.client
      .update(replicaSets, { ...current, metadata: { ...current.metadata, labels: { change: String(change) } } })
      .catch(() => {});
  }
  await world.advance(1_000);
  expect(await world.list(pods)).toHaveLength(40);
  expect((await world.eventLines('web')).filter((line) => line.includes('Delete'))).toEqual([]);
});

test('a quota that is used up is told once as a condition, and costs few requests', async () => {
  let refused = 0;
  await world.stop();
  world = await ControllerWorld.make({
    admission: [
      {
        name: 'quota',
        validate({ type }) {
          if (type.resource !== 'pods') return;
          refused += 1;
          throw new StatusError({
            reason: 'Forbidden',
            code: 403,
            message: 'pods "web-" is forbidden: exceeded quota: q',
          });
        },
      },
    ],
  });
  world.start(replicaSetController);
  await world.client.create(replicaSets, replicaSet(100));
  await world.advance(60_000);
  // One for each try, and the tries grow rarer.
  expect(refused).toBeLessThan(20);
  expect((await world.client.get(replicaSets, key)).status).toMatchObject({
    replicas: 0,
    conditions: [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "web-" is forbidden: exceeded quota: q',
      },
    ],
  });
  expect(await world.eventLines('web')).toContain(
    'Warning FailedCreate: Error creating: pods "web-" is forbidden: exceeded quota: q',
  );
});

test('a pod counts as available after it was ready for long enough', async () => {
  world.startKubelet();
  world.start(replicaSetController);
  await world.client.create(replicaSets, replicaSet(1, { minReadySeconds: 10 }));
  await world.advance(9_000);
  const status = async () => (await world.client.get(replicaSets, key)).status;
  expect(await status()).toMatchObject({ readyReplicas: 1 });
  expect((await status())?.availableReplicas).toBeUndefined();
  await world.advance(3_000);
  expect(await status()).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
});

test('leaves alone what is being deleted, and what belongs to another', async () => {
  const foreign: Pod = {
    metadata: {
      namespace: 'shop',
      name: 'foreign',
      labels: { app: 'web' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'x', uid: 'u', controller: true }],
    },
    spec: { containers: [{ name: 'c', image: 'good' }] },
  };
  await world.client.create(pods, foreign);
  await world.client.create(replicaSets, { ...replicaSet(1), metadata: { ...key, finalizers: ['test/hold'] } });
  await world.client.delete(replicaSets, key);
  world.start(replicaSetController);
  await world.advance(1_000);
  expect(await world.names(pods)).toEqual(['foreign']);
  await expect(world.client.get(replicaSets, { ...key, name: 'other' })).rejects.toSatisfy((error) =>
    isReason(error, 'NotFound'),
  );
});
