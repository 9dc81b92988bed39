import { expect, test } from 'vitest';
import { servingControlPlane, silentControlPlane } from '../../../test/support/serving-control-plane.ts';
import { bootstrapEntriesText } from '../../apiserver/bootstrap/bootstrap-entries.generated.ts';
import { seedStore } from '../../apiserver/bootstrap/seed-store.ts';
import { danglingCondition, danglingStatus } from '../../controllers/flow-schema/dangling-condition.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { flowSchemas, storageClasses } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { MemoryStore } from '../../store/memory/memory-store.ts';
import { prefixEnd, type Store } from '../../store/store.ts';
import { ownEntriesText } from './own-entries.generated.ts';
import { ownFieldManager, ownObjects } from './own-objects.ts';

/** Every key with its text, the uid left out: it is by chance. */
async function contentOf(store: Store): Promise<ReadonlyMap<string, string>> {
  const { entries } = await store.range('/', prefixEnd('/'));
  const decoder = new TextDecoder();
  return new Map(
    entries.map(({ key, value }) => [key, decoder.decode(value).replace(/"uid":"[-0-9a-f]{36}"/, '"uid"')]),
  );
}

test('a new cluster begins with the bytes that the API would have stored', async () => {
  const environment = new VirtualEnvironment(1);
  const seeded = new MemoryStore({ environment });
  await (await servingControlPlane(environment, seeded)).stop();

  // One object of them is there already, so all others are created through the API.
  const written = new MemoryStore({ environment });
  const [first = ''] = bootstrapEntriesText.split('\n');
  expect(await seedStore(written, environment, [first])).toBe(true);
  const controlPlane = await servingControlPlane(environment, written);
  const storageClass = ownObjects().find(({ kind }) => kind === 'StorageClass') as StorageClass;
  const client = controlPlane.serverClient;
  await client.create(storageClasses, storageClass, { fieldManager: ownFieldManager });
  for (const schema of (await client.list(flowSchemas)).items) {
    const { name = '', creationTimestamp } = schema.metadata;
    const condition = { ...danglingCondition(schema, true), lastTransitionTime: creationTimestamp };
    const { body, options } = danglingStatus(name, condition);
    await client.patch(flowSchemas, { name }, { type: 'apply', body }, options);
  }
  await controlPlane.stop();

  expect((await contentOf(written)).size).toBe(`${bootstrapEntriesText}\n${ownEntriesText}`.split('\n').length);
  expect(await contentOf(seeded)).toEqual(await contentOf(written));
});

test('each object of a new cluster has a uid of its own, and was made now', async () => {
  const environment = new VirtualEnvironment(1);
  const store = new MemoryStore({ environment });
  await (await servingControlPlane(environment, store)).stop();
  const { entries } = await store.range('/', prefixEnd('/'));
  const metadata = entries.map(({ value }) => JSON.parse(new TextDecoder().decode(value)).metadata);
  expect(new Set(metadata.map(({ uid }) => uid)).size).toBe(entries.length);
  for (const { creationTimestamp, managedFields } of metadata) {
    expect(creationTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(managedFields[0].time).toBe('2026-01-01T00:00:00Z');
  }
});

test('a store that has one of the objects is not given the others', async () => {
  const environment = new VirtualEnvironment(1);
  const store = new MemoryStore({ environment });
  const [first = ''] = ownEntriesText.split('\n');
  await seedStore(store, environment, [first]);
  expect(await seedStore(store, environment, [bootstrapEntriesText, ownEntriesText])).toBe(false);
  expect((await store.range('/', prefixEnd('/'))).count).toBe(1);
});

test('a control plane that could not serve ends all the same', async () => {
  const environment = new VirtualEnvironment(1);
  const store = new MemoryStore({ environment });
  store.commit = () => Promise.reject(new Error('disk is full'));
  const controlPlane = silentControlPlane(environment, store);
  await expect(controlPlane.serve()).rejects.toThrow('disk is full');
  await controlPlane.stop();
});
