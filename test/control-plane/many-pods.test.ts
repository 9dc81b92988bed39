import { afterEach, beforeEach, expect, test } from 'vitest';
import { discoveryOf } from '../../src/cluster/control-plane/discovery-of.ts';
import { deploymentController } from '../../src/controllers/deployment/deployment-controller.ts';
import { endpointsController } from '../../src/controllers/endpoints/endpoints-controller.ts';
import { endpointSliceController } from '../../src/controllers/endpointslice/endpoint-slice-controller.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector/garbage-collector.ts';
import { replicaSetController } from '../../src/controllers/replicaset/replica-set-controller.ts';
import {
  deployments,
  endpointSlices,
  nodes,
  pods,
  services,
} from '../../src/resources/schema/resource-types.generated.ts';
import { ControllerWorld } from '../support/controller-world.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.startKubelet();
  world.start(deploymentController, replicaSetController, endpointSliceController, endpointsController, (context) =>
    garbageCollector(context, discoveryOf(world.server.definitions)),
  );
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'web' };
/** So many that one write for each would be far beyond what is allowed. */
const count = 400;
const fewWrites = 150;

/** How often anything was written meanwhile. */
async function writes(act: () => Promise<unknown>): Promise<number> {
  const revision = async () => Number((await world.client.list(pods, { limit: 1 })).metadata.resourceVersion);
  const before = await revision();
  await act();
  return (await revision()) - before;
}

test('hundreds of pods that all change at once cost each controller a few writes, not hundreds', async () => {
  await world.client.create(nodes, { metadata: { name: 'node-1' } });
  await world.client.create(services, {
    metadata: key,
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  const created = await writes(async () => {
    await world.client.create(deployments, {
      metadata: key,
      spec: {
        replicas: count,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
        },
      },
    });
    await world.advance(10_000);
  });
  expect((await world.client.get(deployments, key)).status?.availableReplicas).toBe(count);
  expect((await world.list(endpointSlices, 'shop')).flatMap((slice) => slice.endpoints ?? [])).toHaveLength(count);
  // Two writes are each pod's own: its creation, and the kubelet's word that it is ready.
  expect(created).toBeLessThan(2 * count + fewWrites);
  const deleted = await writes(async () => {
    await world.client.delete(deployments, key);
    await world.advance(10_000);
  });
  expect(await world.list(pods)).toEqual([]);
  // Marked, and removed in two writes.
  expect(deleted).toBeLessThan(3 * count + fewWrites);
});
