import { expect, test } from 'vitest';
import { deploymentController } from '../../src/controllers/deployment/deployment-controller.ts';
import { replicaSetController } from '../../src/controllers/replicaset/replica-set-controller.ts';
import { statefulSetController } from '../../src/controllers/statefulset/stateful-set-controller.ts';
import { deployments, pods, statefulSets } from '../../src/resources/schema/resource-types.generated.ts';
import { ControllerWorld } from '../support/controller-world.ts';

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
});

test('controllers that are stopped amid their work leave nothing double behind for those that take over', async () => {
  const world = await ControllerWorld.make();
  world.startKubelet();
  const key = (name: string) => ({ namespace: 'shop', name });
  for (let round = 0; round < 12; round++) {
    world.start(deploymentController, replicaSetController, statefulSetController);
    if (round === 0) {
      const spec = (app: string) => ({ replicas: 40, selector: { matchLabels: { app } }, template: template(app) });
      await world.client.create(deployments, { metadata: key('web'), spec: spec('web') });
      await world.client.create(statefulSets, {
        metadata: key('db'),
        spec: { ...spec('db'), replicas: 5, serviceName: 'db', podManagementPolicy: 'Parallel' },
      });
    }
    // Stopped at another point of their work each time.
    for (let turn = 0; turn < round * 7; turn++) await Promise.resolve();
    await world.stopControllers();
    // Requests that were under way come to their end before anybody takes over: a lease sees to that.
    await world.environment.settle();
  }
  world.start(deploymentController, replicaSetController, statefulSetController);
  await world.advance(30_000);
  const all = await world.list(pods);
  expect(all.filter((pod) => pod.metadata.labels?.['app'] === 'web')).toHaveLength(40);
  expect(all.filter((pod) => pod.metadata.labels?.['app'] === 'db').map((pod) => pod.metadata.name)).toEqual([
    'db-0',
    'db-1',
    'db-2',
    'db-3',
    'db-4',
  ]);
  expect((await world.client.get(deployments, key('web'))).status?.availableReplicas).toBe(40);
  expect((await world.eventLines()).filter((line) => line.includes('SuccessfulDelete'))).toEqual([]);
  await world.stop();
});
