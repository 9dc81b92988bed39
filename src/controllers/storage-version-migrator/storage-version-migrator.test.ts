import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { Client } from '../../client/client.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { conflict, forbiddenRequest, notFound, serviceUnavailable } from '../../machinery/status-errors.ts';
import {
  configMaps,
  services,
  storageVersionMigrations,
  tokenReviews,
} from '../../resources/schema/resource-types.generated.ts';
import type { StorageVersionMigration } from '../../resources/schema/storagemigration-v1.generated.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { storageVersionMigrator } from './storage-version-migrator.ts';

let world: ControllerWorld;
let served: DiscoveredResource[];
/** What stands before the patches of the controller. */
let beforePatch: (name: string) => Promise<void> | void;

beforeEach(async () => {
  world = await ControllerWorld.make();
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  served = [configMaps, services].map((type) => ({ type, verbs, hasScale: false }));
  served.push({ type: tokenReviews, verbs: ['create'], hasScale: false });
  beforePatch = () => {};
});
afterEach(() => world.stop());

function start(): void {
  world.start((context) => {
    const client: Client = {
      ...bound(context.client),
      patch: async (type, key, patch, options) => {
        await beforePatch(key.name);
        return context.client.patch(type, key, patch, options);
      },
    };
    return storageVersionMigrator({ ...context, client }, { resources: () => served, onChange: () => () => {} });
  });
}

function bound(client: Client): Client {
  const { http } = client;
  return {
    http,
    get: client.get.bind(client),
    list: client.list.bind(client),
    watch: client.watch.bind(client),
    create: client.create.bind(client),
    update: client.update.bind(client),
    patch: client.patch.bind(client),
    delete: client.delete.bind(client),
    deleteCollection: client.deleteCollection.bind(client),
    createSubresource: client.createSubresource.bind(client),
  };
}

const ask = (name: string, resource: Pick<ResourceType, 'group' | 'resource'>) =>
  world.client.create(storageVersionMigrations, {
    metadata: { name },
    spec: { resource: { group: resource.group, resource: resource.resource } },
  });

const lines = ({ status }: StorageVersionMigration) =>
  (status?.conditions ?? []).map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`);
const said = async (name: string) => lines(await world.client.get(storageVersionMigrations, { name }));
const makeMap = (name: string) => world.client.create(configMaps, { metadata: { namespace: 'shop', name } });

const ended = 'Running False MigrationCompleted: Migration completed';
const succeeded = 'Succeeded True StorageVersionMigrationSucceeded: Migration completed';

test('every step is told, and what is stored in the newest form already stays as it is', async () => {
  const { metadata } = await makeMap('a');
  const steps: string[][] = [];
  const abort = new AbortController();
  const watching = (async () => {
    for await (const event of world.client.watch(storageVersionMigrations, { signal: abort.signal }))
      if (event.type !== 'BOOKMARK')
        steps.push([...lines(event.object), event.object.status?.resourceVersion === undefined ? '' : 'of a revision']);
  })().catch(() => {});
  start();
  await ask('m', configMaps);
  await world.environment.settle();
  abort.abort();
  await watching;
  const running = 'Running True MigrationRunning: The migration is running';
  expect(steps).toEqual([
    [''],
    [running, ''],
    [running, 'of a revision'],
    [`${running}, 1 objects verified migrated`, succeeded, 'of a revision'],
    [ended, succeeded, 'of a revision'],
  ]);
  expect((await world.client.get(configMaps, { namespace: 'shop', name: 'a' })).metadata).toEqual(metadata);
});

test('what was stored before a field had a default is written again', async () => {
  const service = { metadata: { namespace: 'shop', name: 'web' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } };
  const { metadata } = await world.client.create(services, service);
  const key = '/registry/services/specs/shop/web';
  const stored = async () => new TextDecoder().decode((await world.store.range(key, `${key}\0`)).entries[0]?.value);
  const bytes = (await stored()).replace(/"sessionAffinity":"None",?/, '');
  expect(bytes).not.toContain('"sessionAffinity":"None"');
  await world.store.commit({ compare: [], operations: [{ type: 'put', key, value: new TextEncoder().encode(bytes) }] });
  start();
  await ask('m', services);
  await world.environment.settle();
  expect(await said('m')).toEqual([ended, succeeded]);
  expect(await stored()).toContain('"sessionAffinity":"None"');
  expect((await world.client.get(services, { namespace: 'shop', name: 'web' })).metadata.uid).toBe(metadata.uid);
});

test('one migration of a resource after the other, those of others beside it', async () => {
  const held = Promise.withResolvers<void>();
  beforePatch = () => held.promise;
  await makeMap('a');
  start();
  await ask('first', configMaps);
  await world.advance(1_000);
  await ask('second', configMaps);
  await ask('other', services);
  await world.environment.settle();
  expect(await said('first')).toHaveLength(1);
  expect(await said('second')).toEqual([]);
  expect(await said('other')).toEqual([ended, succeeded]);
  held.resolve();
  await world.environment.settle();
  expect([await said('first'), await said('second')]).toEqual([
    [ended, succeeded],
    [ended, succeeded],
  ]);
});

test('what is changed or deleted meanwhile is left alone', async () => {
  for (const name of ['a', 'b', 'c']) await makeMap(name);
  beforePatch = async (name) => {
    if (name === 'a') throw conflict(configMaps, 'a');
    if (name === 'b') throw notFound(configMaps, 'b');
  };
  start();
  await ask('m', configMaps);
  await world.environment.settle();
  expect(await said('m')).toEqual([ended, succeeded]);
});

test('what passes is told and tried again', async () => {
  await makeMap('a');
  let busy = true;
  beforePatch = () => {
    if (busy) throw serviceUnavailable('busy');
  };
  start();
  await ask('m', configMaps);
  await world.environment.settle();
  expect(await said('m')).toEqual([
    'Running True MigrationRunning: The migration is running, 1/1 objects not yet migrated; transient error: busy',
  ]);
  busy = false;
  await world.advance(60_000);
  expect(await said('m')).toEqual([ended, succeeded]);
});

test('what does not pass is the end of it', async () => {
  await makeMap('a');
  await makeMap('b');
  beforePatch = (name) => {
    if (name === 'b') throw forbiddenRequest(configMaps, 'b', 'no');
  };
  start();
  await ask('m', configMaps);
  await world.environment.settle();
  expect(await said('m')).toEqual([
    ended,
    'Failed True StorageVersionMigrationFailed: 1/2 not yet migrated. migration encountered unhandled error: configmaps "b" is forbidden: no',
  ]);
});

test('a resource that is not served is waited for, for a minute', async () => {
  const configMapsServed = served.shift();
  start();
  await ask('later', configMaps);
  await ask('never', { group: 'a.b', resource: 'configmaps' });
  await world.advance(50_000);
  expect(await said('later')).toEqual(['Running True MigrationRunning: The migration is running']);
  if (configMapsServed !== undefined) served.push(configMapsServed);
  await world.advance(12_000);
  expect(await said('later')).toEqual([ended, succeeded]);
  const failed = 'Failed True StorageVersionMigrationFailed: resource does not exist in discovery';
  expect(await said('never')).toEqual([ended, failed]);
});

test('what is not stored cannot be migrated', async () => {
  start();
  await ask('m', tokenReviews);
  await world.environment.settle();
  const why =
    'resource "authentication.k8s.io/v1, Resource=tokenreviews" does not support discovery operations: [update patch list]';
  expect(await said('m')).toEqual([ended, `Failed True StorageVersionMigrationFailed: ${why}`]);
});

test('all pages are gone through, but for what came after it began', async () => {
  await Promise.all(Array.from({ length: 501 }, (_, index) => makeMap(`map-${index}`)));
  const patched = new Set<string>();
  beforePatch = async (name) => {
    // The list was taken before, so what comes now is not in it.
    if (patched.size === 0) await makeMap('later');
    patched.add(name);
  };
  start();
  const { metadata } = await ask('m', configMaps);
  const messages: (string | undefined)[] = [];
  const abort = new AbortController();
  const { resourceVersion } = metadata;
  const watching = (async () => {
    for await (const event of world.client.watch(storageVersionMigrations, { signal: abort.signal, resourceVersion }))
      if (event.type !== 'BOOKMARK') messages.push(event.object.status?.conditions?.[0]?.message);
  })().catch(() => {});
  await world.environment.settle();
  abort.abort();
  await watching;
  expect(patched.size).toBe(501);
  expect(messages).toContain('The migration is running, 501 objects verified migrated');
});
