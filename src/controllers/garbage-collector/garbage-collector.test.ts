import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import {
  clusterRoles,
  configMaps,
  namespaces,
  pods,
  secrets,
  serviceAccounts,
} from '../../resources/schema/resource-types.generated.ts';
import { garbageCollector } from './garbage-collector.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
});
afterEach(() => world.stop());

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
const served = (...types: readonly ResourceType[]) => types.map((type) => ({ type, verbs, hasScale: false }));

function start(): void {
  const resources = served(configMaps, secrets, serviceAccounts, pods, clusterRoles, namespaces);
  world.start((context) => garbageCollector(context, { resources: () => resources, onChange: () => () => {} }));
}

function ownedBy(type: ResourceType, owner: KubeObject, blockOwnerDeletion = false): OwnerReference {
  const { name = '', uid = '' } = owner.metadata;
  return { apiVersion: apiVersionOf(type), kind: type.kind, name, uid, blockOwnerDeletion };
}

async function make(name: string, ownerReferences: readonly OwnerReference[] = [], finalizers: string[] = []) {
  return await world.client.create(configMaps, { metadata: { namespace: 'shop', name, ownerReferences, finalizers } });
}

const key = (name: string) => ({ namespace: 'shop', name });
const names = async () => (await world.list(configMaps, 'shop')).map((each) => each.metadata.name);
const owners = async (name: string) =>
  ((await world.client.get(configMaps, key(name))).metadata.ownerReferences ?? []).map((each) => each.name);

test('in the background, dependents go after their owner, and theirs after them', async () => {
  start();
  const owner = await make('owner');
  const child = await make('child', [ownedBy(configMaps, owner)]);
  await make('grandchild', [ownedBy(configMaps, child)]);
  await make('bystander');
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'), { propagationPolicy: 'Background' });
  await world.environment.settle();
  expect(await names()).toEqual(['bystander']);
});

test('an object with another owner left stays and forgets the one that is gone', async () => {
  start();
  const [one, two] = [await make('one'), await make('two')];
  await make('child', [ownedBy(configMaps, one), ownedBy(configMaps, two)]);
  await world.environment.settle();
  await world.client.delete(configMaps, key('one'));
  await world.environment.settle();
  expect(await owners('child')).toEqual(['two']);
});

test('in the foreground, the owner stays until those that block it are gone', async () => {
  start();
  const owner = await make('owner');
  await make('blocking', [ownedBy(configMaps, owner, true)], ['test/hold']);
  await make('quick', [ownedBy(configMaps, owner, true)]);
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'), { propagationPolicy: 'Foreground' });
  await world.advance(60_000);
  expect(await names()).toEqual(['blocking', 'owner']);
  const blocking = await world.client.get(configMaps, key('blocking'));
  expect(blocking.metadata.deletionTimestamp).toBeDefined();
  await world.client.update(configMaps, { ...blocking, metadata: { ...blocking.metadata, finalizers: [] } });
  await world.environment.settle();
  expect(await names()).toEqual([]);
});

test('in the foreground, a dependent with dependents goes in the foreground too; one that does not block is not waited for', async () => {
  start();
  const owner = await make('owner');
  const child = await make('child', [ownedBy(configMaps, owner, true)]);
  await make('grandchild', [ownedBy(configMaps, child, true)], ['test/hold']);
  await make('loose', [ownedBy(configMaps, owner, false)], ['test/hold']);
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'), { propagationPolicy: 'Foreground' });
  await world.advance(60_000);
  expect(await names()).toEqual(['child', 'grandchild', 'loose', 'owner']);
  expect((await world.client.get(configMaps, key('child'))).metadata.finalizers).toEqual(['foregroundDeletion']);
  const grandchild = await world.client.get(configMaps, key('grandchild'));
  await world.client.update(configMaps, { ...grandchild, metadata: { ...grandchild.metadata, finalizers: [] } });
  await world.environment.settle();
  expect(await names()).toEqual(['loose']);
});

test('orphaning lets the dependents go', async () => {
  start();
  const owner = await make('owner');
  await make('child', [ownedBy(configMaps, owner)]);
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'), { propagationPolicy: 'Orphan' });
  await world.environment.settle();
  expect(await names()).toEqual(['child']);
  expect(await owners('child')).toEqual([]);
});

test('an owner that never was is asked for before anything goes', async () => {
  const owner = await make('owner');
  await make('kept', [ownedBy(configMaps, owner)]);
  await make('lost', [{ apiVersion: 'v1', kind: 'Secret', name: 'nobody', uid: 'never-was' }]);
  await make('mistaken', [{ ...ownedBy(configMaps, owner), uid: 'another-uid' }]);
  await make('unknown', [{ apiVersion: 'example.test/v1', kind: 'Thing', name: 'x', uid: 'thing' }]);
  start();
  await world.advance(600_000);
  expect(await names()).toEqual(['kept', 'owner', 'unknown']);
});

test('an owner in another namespace is none, and that is told', async () => {
  await world.client.create(namespaces, { metadata: { name: 'other' } });
  const foreign = await world.client.create(configMaps, { metadata: { namespace: 'other', name: 'owner' } });
  start();
  await world.environment.settle();
  await make('child', [ownedBy(configMaps, foreign)]);
  await world.advance(1_000);
  expect(await names()).toEqual([]);
  expect(await world.names(configMaps)).toEqual(['owner']);
  expect((await world.eventLines('child')).join()).toMatch(
    /Warning OwnerRefInvalidNamespace: ownerRef \[v1\/ConfigMap, namespace: shop, name: owner, uid: .*\] does not exist in namespace "shop"/,
  );
});

test('a cluster-scoped object with a namespaced owner is left alone', async () => {
  start();
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' };
  await world.client.create(clusterRoles, { metadata: { name: 'odd', ownerReferences: [reference] }, rules: [] });
  await world.advance(60_000);
  expect(await world.names(clusterRoles)).toEqual(['odd']);
});

test('a namespaced object may belong to a cluster-scoped one', async () => {
  start();
  const role = await world.client.create(clusterRoles, { metadata: { name: 'role' }, rules: [] });
  await make('child', [ownedBy(clusterRoles, role)]);
  await world.environment.settle();
  await world.client.delete(clusterRoles, { name: 'role' });
  await world.environment.settle();
  expect(await names()).toEqual([]);
});

test('two that own each other in the foreground do not wait for each other for ever', async () => {
  start();
  const one = await make('one');
  const two = await make('two', [ownedBy(configMaps, one, true)]);
  await world.client.update(configMaps, {
    ...one,
    metadata: { ...one.metadata, ownerReferences: [ownedBy(configMaps, two, true)] },
  });
  await world.environment.settle();
  await world.client.delete(configMaps, key('one'), { propagationPolicy: 'Foreground' });
  await world.advance(60_000);
  expect(await names()).toEqual([]);
});

test('many dependents of one owner cost few requests each', async () => {
  start();
  const owner = await make('owner');
  for (let each = 0; each < 300; each++) await make(`child-${each}`, [ownedBy(configMaps, owner, true)]);
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'), { propagationPolicy: 'Foreground' });
  await world.advance(10_000);
  expect(await names()).toEqual([]);
  await expect(world.client.get(configMaps, key('owner'))).rejects.toSatisfy((error) => isReason(error, 'NotFound'));
});

test('what is served later is watched from then on, and what is served no more is let go', async () => {
  let resources = served(configMaps, namespaces);
  const listeners = new Set<() => void>();
  const onChange = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const serve = (...types: readonly ResourceType[]) => {
    resources = served(...types);
    for (const listener of listeners) listener();
  };
  world.start((context) => garbageCollector(context, { resources: () => resources, onChange }));
  const owner = await make('owner');
  const ownerReferences = [ownedBy(configMaps, owner)];
  await world.client.create(secrets, { metadata: { namespace: 'shop', name: 'child', ownerReferences } });
  await world.environment.settle();
  await world.client.delete(configMaps, key('owner'));
  await world.advance(120_000);
  expect(await world.names(secrets)).toEqual(['child']);
  serve(configMaps, namespaces, secrets);
  await world.advance(1_000);
  expect(await world.names(secrets)).toEqual([]);

  const secret = await world.client.create(secrets, { metadata: { namespace: 'shop', name: 'keeper' } });
  await make('kept', [ownedBy(secrets, secret)]);
  await world.environment.settle();
  serve(configMaps, namespaces);
  await world.client.delete(secrets, key('keeper'));
  await world.advance(120_000);
  expect(await names()).toEqual(['kept']);
  serve(configMaps, namespaces, secrets);
  await world.advance(120_000);
  expect(await names()).toEqual([]);
});
