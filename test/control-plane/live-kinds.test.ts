import { afterEach, beforeEach, expect, test } from 'vitest';
import { discoveryOf } from '../../src/cluster/control-plane/discovery-of.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector/garbage-collector.ts';
import { namespaceController } from '../../src/controllers/namespace/namespace-controller.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { ResourceDefinition } from '../../src/resources/definition.ts';
import type { ConfigMap } from '../../src/resources/schema/core-v1.generated.ts';
import { configMaps, namespaces } from '../../src/resources/schema/resource-types.generated.ts';
import { ControllerWorld } from '../support/controller-world.ts';

const widgets = {
  ...configMaps,
  group: 'example.com',
  kind: 'Widget',
  resource: 'widgets',
} as unknown as ResourceType<ConfigMap>;

function widgetDefinition(): ResourceDefinition {
  const like = builtInDefinitions.find(({ type }) => type.kind === 'ConfigMap');
  if (like === undefined) throw new Error('no definition of ConfigMap');
  return { ...like, type: widgets, storage: { keyPrefix: '/registry/example.com/widgets/' } };
}

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  const discovery = discoveryOf(world.server.definitions);
  world.start(
    (context) => garbageCollector(context, discovery),
    (context) => namespaceController(context, { discover: () => discovery.resources() }),
  );
  await world.advance(1_000);
  await world.server.definitions.install(widgetDefinition());
});
afterEach(() => world.stop());

const inShop = (name: string, ownerReferences: object[] = []) =>
  ({ metadata: { namespace: 'shop', name, ownerReferences } }) as ConfigMap;
const reference = (apiVersion: string, kind: string, { metadata }: ConfigMap) => ({
  apiVersion,
  kind,
  name: metadata.name ?? '',
  uid: metadata.uid ?? '',
  blockOwnerDeletion: true,
});
const names = async (type: ResourceType) => (await world.list(type, 'shop')).map(({ metadata }) => metadata.name);

test('objects of a kind that was installed later own and are owned', async () => {
  const widget = await world.client.create(widgets, inShop('widget'));
  const map = await world.client.create(configMaps, inShop('map', [reference('example.com/v1', 'Widget', widget)]));
  await world.client.create(widgets, inShop('below', [reference('v1', 'ConfigMap', map)]));
  await world.advance(1_000);
  expect(await names(widgets)).toEqual(['below', 'widget']);
  await world.client.delete(widgets, { namespace: 'shop', name: 'widget' }, { propagationPolicy: 'Foreground' });
  await world.advance(1_000);
  expect(await names(widgets)).toEqual([]);
  expect(await names(configMaps)).toEqual([]);
});

test('objects of a kind that was installed later go with their namespace, and a kind that goes keeps nobody', async () => {
  await world.client.create(namespaces, { metadata: { name: 'other' } });
  await world.client.create(widgets, inShop('widget'));
  const gone = (name: string) =>
    world.client.get(namespaces, { name }).then(
      () => false,
      (error) => isReason(error, 'NotFound'),
    );
  await world.client.delete(namespaces, { name: 'shop' });
  await world.advance(6_000);
  expect(await gone('shop')).toBe(true);
  expect(await world.list(widgets)).toEqual([]);
  world.server.definitions.remove(widgets);
  await world.client.delete(namespaces, { name: 'other' });
  await world.advance(6_000);
  expect(await gone('other')).toBe(true);
});
