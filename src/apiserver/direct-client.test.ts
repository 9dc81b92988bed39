import { expect, test } from 'vitest';
import { testApiServer } from '../../test/support/test-api-server.ts';
import { draft, type KubeObject } from '../machinery/object.ts';
import type { ConfigMap } from '../resources/schema/core-v1.generated.ts';
import { configMaps, events, eventsEvents, namespaces } from '../resources/schema/resource-types.generated.ts';
import { prefixEnd } from '../store/store.ts';
import type { WriteHook } from './registry/extension-points.ts';

const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>): ConfigMap => ({
  metadata: { name, namespace: 'default', ...(labels !== undefined && { labels }) },
  data,
});
const key = (name: string) => ({ namespace: 'default', name });
const names = (objects: readonly KubeObject[]) => objects.map((object) => object.metadata.name);

test('creates with system fields, gets, and refuses a second one', async () => {
  const { client } = await testApiServer();
  const created = await client.create(configMaps, configMap('a', { k: 'v' }));
  expect(created).toMatchObject({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'a', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    data: { k: 'v' },
  });
  expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(await client.get(configMaps, key('a'))).toEqual(created);
  await expect(client.create(configMaps, configMap('a'))).rejects.toThrow('configmaps "a" already exists');
  await expect(client.get(configMaps, key('b'))).rejects.toThrow('configmaps "b" not found');
});

test('the stored bytes are format 1', async () => {
  const { client, store } = await testApiServer();
  await client.create(configMaps, configMap('a', { k: 'v' }));
  const { entries } = await store.range('/registry/configmaps/', prefixEnd('/registry/configmaps/'));
  expect(entries.map((entry) => entry.key)).toEqual(['/registry/configmaps/default/a']);
  const text = new TextDecoder().decode(entries[0]?.value);
  expect(text).toMatch(/^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"a"/);
  expect(text).not.toContain('resourceVersion');
});

test('generateName tries again when the name is taken', async () => {
  const { client } = await testApiServer();
  const created = await Promise.all(
    Array.from({ length: 20 }, () =>
      client.create(configMaps, { metadata: { generateName: 'gen-', namespace: 'default' } }),
    ),
  );
  const distinct = new Set(names(created));
  expect(distinct.size).toBe(20);
  for (const name of distinct) expect(name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test('validates metadata and object together', async () => {
  const { client } = await testApiServer();
  await expect(client.create(configMaps, configMap('A', { 'k/k': '' }))).rejects.toThrow(
    /^ConfigMap "A" is invalid: \[metadata\.name: Invalid value: "A": .*, data\[k\/k\]: Invalid value/,
  );
  await expect(client.create(configMaps, { metadata: { namespace: 'default' } })).rejects.toThrow(
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  );
});

test('an update without a version is unconditional; with an old one it conflicts', async () => {
  const { client } = await testApiServer();
  const first = await client.create(configMaps, configMap('a', { k: '1' }));
  const second = await client.update(configMaps, configMap('a', { k: '2' }));
  expect(second.metadata.uid).toBe(first.metadata.uid);
  expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  const stale = draft(first);
  stale.data = { k: '3' };
  await expect(client.update(configMaps, stale)).rejects.toThrow(
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  );
  const other = draft(second);
  other.metadata.uid = 'other';
  await expect(client.update(configMaps, other)).rejects.toMatchObject({ reason: 'Conflict' });
  await expect(client.update(configMaps, configMap('nope'))).rejects.toMatchObject({ reason: 'NotFound' });
});

test('an update that changes nothing writes nothing', async () => {
  const { client, store } = await testApiServer();
  const created = await client.create(configMaps, configMap('a', { k: '1', l: '2' }));
  const before = await store.currentRevision();
  const updated = await client.update(configMaps, configMap('a', { l: '2', k: '1' }));
  expect(updated.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  expect(await store.currentRevision()).toBe(before);
});

test('concurrent unconditional updates all succeed', async () => {
  const { client } = await testApiServer();
  await client.create(configMaps, configMap('a'));
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, index) => client.update(configMaps, configMap('a', { k: String(index) }))),
  );
  expect(new Set(results.map((each) => each.metadata.resourceVersion)).size).toBe(10);
});

test('a dry run goes through everything and stores nothing', async () => {
  const { client, store } = await testApiServer();
  const before = await store.currentRevision();
  const created = await client.create(configMaps, configMap('a'), { dryRun: true });
  expect(created.metadata.uid).toBeDefined();
  expect(created.metadata.resourceVersion).toBeUndefined();
  expect(await store.currentRevision()).toBe(before);
  const real = await client.create(configMaps, configMap('a'));
  await expect(client.create(configMaps, configMap('a'), { dryRun: true })).rejects.toThrow('already exists');
  const updated = await client.update(configMaps, configMap('a', { k: 'v' }), { dryRun: true });
  expect(updated).toMatchObject({ data: { k: 'v' }, metadata: { resourceVersion: real.metadata.resourceVersion } });
  await client.delete(configMaps, key('a'), { dryRun: true });
  expect((await client.get(configMaps, key('a'))).data ?? {}).toEqual({});
});

test('lists by namespace, selectors and pages of one snapshot', async () => {
  const { client } = await testApiServer();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await client.create(configMaps, configMap(name, {}, { parity: 'ace'.includes(name) ? 'odd' : 'even' }));
  }
  await client.create(configMaps, { metadata: { name: 'x', namespace: 'other' } });
  expect(names((await client.list(configMaps)).items)).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
  expect(names((await client.list(configMaps, { namespace: 'other' })).items)).toEqual(['x']);
  expect(names((await client.list(configMaps, { labelSelector: 'parity=odd' })).items)).toEqual(['a', 'c', 'e']);
  expect(names((await client.list(configMaps, { fieldSelector: 'metadata.name=b' })).items)).toEqual(['b']);
  await expect(client.list(configMaps, { fieldSelector: 'data.k=b' })).rejects.toThrow(
    '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
  );

  const first = await client.list(configMaps, { namespace: 'default', limit: 2 });
  expect(names(first.items)).toEqual(['a', 'b']);
  expect(first.metadata.remainingItemCount).toBe(3);
  await client.create(configMaps, configMap('bb'));
  const rest = await client.list(configMaps, {
    namespace: 'default',
    limit: 10,
    continue: first.metadata.continue ?? '',
  });
  expect(names(rest.items)).toEqual(['c', 'd', 'e']);
  expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  expect(rest.metadata.continue).toBeUndefined();
});

test('a continue token outlives its snapshot only as an inconsistent one', async () => {
  const { client, environment } = await testApiServer();
  for (const name of ['a', 'b', 'c']) await client.create(configMaps, configMap(name));
  const first = await client.list(configMaps, { limit: 1 });
  await client.update(configMaps, configMap('c', { k: 'old' }));
  await environment.advance(6 * 60_000);
  for (let count = 0; count < 200; count++) await client.update(configMaps, configMap('c', { k: String(count) }));
  const error = await client.list(configMaps, { limit: 5, continue: first.metadata.continue ?? '' }).catch((e) => e);
  expect(error).toMatchObject({ reason: 'Expired', code: 410 });
  const rest = await client.list(configMaps, { limit: 5, continue: error.status.metadata.continue });
  expect(names(rest.items)).toEqual(['b', 'c']);
});

test('list at an exact version, and at one that is too new', async () => {
  const { client, environment } = await testApiServer();
  const first = await client.create(configMaps, configMap('a'));
  await client.create(configMaps, configMap('b'));
  const resourceVersion = first.metadata.resourceVersion ?? '';
  const exact = await client.list(configMaps, { resourceVersion, resourceVersionMatch: 'Exact' });
  expect(names(exact.items)).toEqual(['a']);
  const later = client.list(configMaps, { resourceVersion: '999' }).catch((error) => error);
  await environment.advance(3_001);
  expect(await later).toMatchObject({ code: 504, message: expect.stringContaining('Too large resource version: 999') });
});

test('deletes answer a Status; finalizers hold the object until they are gone', async () => {
  const { client } = await testApiServer();
  await client.create(configMaps, configMap('plain'));
  expect(await client.delete(configMaps, key('plain'))).toMatchObject({ kind: 'Status', status: 'Success' });
  await client.create(configMaps, { metadata: { ...key('held'), finalizers: ['example.com/hold'] } });
  const marked = await client.delete(configMaps, key('held'));
  expect(marked).toMatchObject({
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
  });
  const held = draft(await client.get(configMaps, key('held')));
  held.metadata.finalizers = [];
  await client.update(configMaps, held);
  await expect(client.get(configMaps, key('held'))).rejects.toMatchObject({ reason: 'NotFound' });
});

test('propagation policies set the finalizers of the garbage collector', async () => {
  const { client } = await testApiServer();
  for (const [name, propagationPolicy, finalizer] of [
    ['f', 'Foreground', 'foregroundDeletion'],
    ['o', 'Orphan', 'orphan'],
  ] as const) {
    await client.create(configMaps, configMap(name));
    const marked = await client.delete(configMaps, key(name), { propagationPolicy });
    expect(marked).toMatchObject({ metadata: { finalizers: [finalizer] } });
  }
});

test('preconditions of a delete', async () => {
  const { client } = await testApiServer();
  const created = await client.create(configMaps, configMap('a'));
  await expect(client.delete(configMaps, key('a'), { preconditions: { uid: 'other' } })).rejects.toThrow(
    /the UID in the precondition \(other\) does not match the UID in record/,
  );
  await expect(client.delete(configMaps, key('a'), { preconditions: { resourceVersion: '1' } })).rejects.toMatchObject({
    reason: 'Conflict',
  });
  await client.delete(configMaps, key('a'), { preconditions: { uid: created.metadata.uid } });
});

test('deletes a collection by selector', async () => {
  const { client } = await testApiServer();
  for (const name of ['a', 'b', 'c'])
    await client.create(configMaps, configMap(name, {}, { keep: String(name === 'b') }));
  await client.deleteCollection(configMaps, { namespace: 'default', labelSelector: 'keep=false' });
  expect(names((await client.list(configMaps)).items)).toEqual(['b']);
});

test('a namespace terminates, and goes when it has been finalized', async () => {
  const { client } = await testApiServer();
  await client.create(namespaces, { metadata: { name: 'n' } });
  const terminating = await client.delete(namespaces, { name: 'n' });
  expect(terminating).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
  const done = draft(await client.get(namespaces, { name: 'n' }));
  done.spec = { finalizers: [] };
  await client.update(namespaces, done, { subresource: 'finalize' });
  await expect(client.get(namespaces, { name: 'n' })).rejects.toMatchObject({ reason: 'NotFound' });
});

test('events of both groups are the same objects, and vanish after their time', async () => {
  const { client, environment } = await testApiServer();
  const event = {
    metadata: { name: 'e', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    action: 'Tested',
    reason: 'Because',
    type: 'Normal',
    note: 'hello',
    reportingController: 'example.com/test',
    reportingInstance: 'test-1',
    regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
  };
  const created = await client.create(eventsEvents, event);
  expect(created).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: { name: 'p' } });
  const core = await client.get(events, key('e'));
  expect(core).toMatchObject({ apiVersion: 'v1', message: 'hello', involvedObject: { name: 'p' } });
  expect(core.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  const listed = await client.list(events, { fieldSelector: 'involvedObject.name=p' });
  expect(names(listed.items)).toEqual(['e']);
  const seen: string[] = [];
  void (async () => {
    for await (const change of client.watch(eventsEvents))
      if (change.type !== 'BOOKMARK') seen.push(`${change.type} ${change.object.note}`);
  })();
  await client.patch(events, key('e'), { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
  await environment.settle();
  expect(seen).toEqual(['ADDED hello', 'MODIFIED hello']);
  await environment.advance(62 * 60_000);
  expect((await client.list(events)).items).toEqual([]);
});

test('hooks reserve before a write and learn how it ended', async () => {
  const told: string[] = [];
  const hook: WriteHook = {
    resource: configMaps,
    prepare: async (object, old) => {
      const what = object === undefined ? 'delete' : old === undefined ? 'create' : 'update';
      return { commit: () => void told.push(`${what} done`), rollback: () => void told.push(`${what} undone`) };
    },
  };
  const { client } = await testApiServer({ writeHooks: [hook] });
  await client.create(configMaps, configMap('a'));
  await client.create(configMaps, configMap('a')).catch(() => undefined);
  await client.create(configMaps, configMap('B')).catch(() => undefined);
  await client.create(configMaps, configMap('c'), { dryRun: true });
  await client.update(configMaps, configMap('a', { k: 'v' }));
  await client.delete(configMaps, key('a'));
  expect(told).toEqual([
    'create done',
    'create undone',
    'create undone',
    'create undone',
    'update done',
    'delete done',
  ]);
});

test('what the authoriser does not allow is forbidden', async () => {
  const { server } = await testApiServer({
    authorizers: [{ name: 'nobody', authorize: () => ({ decision: 'noOpinion', reason: '' }) }],
  });
  const client = server.client({ username: 'eve', groups: [], extra: {} });
  await expect(client.list(configMaps, { namespace: 'default' })).rejects.toThrow(
    'configmaps is forbidden: User "eve" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  const events = client.watch(configMaps)[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toMatchObject({ reason: 'Forbidden' });
});

test('an apply that names a uid makes nothing new', async () => {
  const { client } = await testApiServer();
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'other' } };
  await expect(client.patch(configMaps, key('a'), { type: 'apply', body }, { fieldManager: 'me' })).rejects.toThrow(
    'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid other, and no existing object was found',
  );
});
