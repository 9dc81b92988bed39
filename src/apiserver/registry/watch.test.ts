import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import type { WatchEvent } from '../../client/client.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps, leases } from '../../resources/schema/resource-types.generated.ts';

const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>): ConfigMap => ({
  metadata: { name, namespace: 'default', ...(labels !== undefined && { labels }) },
  data,
});
const key = (name: string) => ({ namespace: 'default', name });

/** Collects events as `TYPE name` until told to stop. */
function collect(events: AsyncIterable<WatchEvent<ConfigMap>>) {
  const lines: string[] = [];
  const done = (async () => {
    for await (const event of events) {
      if (event.type === 'BOOKMARK') lines.push(`BOOKMARK${event.initialEventsEnd ? ' initial' : ''}`);
      else lines.push(`${event.type} ${event.object.metadata.name} ${Object.values(event.object.data ?? {}).join()}`);
    }
    lines.push('END');
  })().catch((error: unknown) => lines.push(`ERROR ${error instanceof Error ? error.message : String(error)}`));
  return { lines, done };
}

test('watches from now on, from a version, and by selector', async () => {
  const { client, environment } = await testApiServer();
  const first = await client.create(configMaps, configMap('a', { k: '1' }, { on: 'yes' }));
  await client.create(configMaps, configMap('b', { k: '1' }));
  const abort = new AbortController();
  const options = { signal: abort.signal, namespace: 'default' };
  const all = collect(client.watch(configMaps, options));
  const since = collect(client.watch(configMaps, { ...options, resourceVersion: first.metadata.resourceVersion }));
  const selected = collect(client.watch(configMaps, { ...options, labelSelector: 'on=yes' }));
  const one = collect(client.watch(configMaps, { ...options, fieldSelector: 'metadata.name=b' }));
  await environment.settle();
  await client.update(configMaps, configMap('a', { k: '2' }));
  await client.update(configMaps, configMap('b', { k: '2' }, { on: 'yes' }));
  await client.delete(configMaps, key('b'));
  await environment.settle();
  abort.abort(new Error('enough'));
  await Promise.all([all.done, since.done, selected.done, one.done]);
  expect(all.lines).toEqual(['ADDED a 1', 'ADDED b 1', 'MODIFIED a 2', 'MODIFIED b 2', 'DELETED b 2', 'ERROR enough']);
  expect(since.lines).toEqual(['ADDED b 1', 'MODIFIED a 2', 'MODIFIED b 2', 'DELETED b 2', 'ERROR enough']);
  expect(selected.lines).toEqual(['ADDED a 1', 'DELETED a 1', 'ADDED b 2', 'DELETED b 2', 'ERROR enough']);
  expect(one.lines).toEqual(['ADDED b 1', 'MODIFIED b 2', 'DELETED b 2', 'ERROR enough']);
});

test('a deleted object is told under the revision of its delete', async () => {
  const { client, environment, store } = await testApiServer();
  await client.create(configMaps, configMap('a'));
  const versions: (string | undefined)[] = [];
  const abort = new AbortController();
  void (async () => {
    for await (const event of client.watch(configMaps, { signal: abort.signal }))
      if (event.type === 'DELETED') versions.push(event.object.metadata.resourceVersion);
  })().catch(() => undefined);
  await environment.settle();
  await client.delete(configMaps, key('a'));
  await environment.settle();
  abort.abort();
  expect(versions).toEqual([String(await store.currentRevision())]);
});

test('sends initial events, the bookmark that ends them, bookmarks later, and ends in time', async () => {
  const { client, environment } = await testApiServer();
  await client.create(configMaps, configMap('a', { k: '1' }));
  const watch = collect(
    client.watch(configMaps, {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      timeoutSeconds: 90,
    }),
  );
  await environment.advance(60_000);
  const soFar = ['ADDED a 1', 'BOOKMARK initial', 'BOOKMARK'];
  expect(watch.lines).toEqual(soFar);
  await environment.advance(27_500);
  expect(watch.lines).toEqual(soFar);
  // The last one comes two seconds before the end.
  await environment.advance(1_000);
  expect(watch.lines).toEqual([...soFar, 'BOOKMARK']);
  await environment.advance(2_000);
  expect(watch.lines).toEqual([...soFar, 'BOOKMARK', 'END']);
});

test('a watch that may have no bookmarks, or has no time for one, gets none at its end', async () => {
  const { client, environment } = await testApiServer();
  const without = collect(client.watch(configMaps, { timeoutSeconds: 10 }));
  const short = collect(client.watch(configMaps, { timeoutSeconds: 2, allowWatchBookmarks: true }));
  await environment.advance(11_000);
  expect([without.lines, short.lines]).toEqual([['END'], ['END']]);
});

test('a watch from a forgotten version is refused', async () => {
  const { client, environment } = await testApiServer();
  const first = await client.create(configMaps, configMap('a'));
  await client.update(configMaps, configMap('a', { k: 'old' }));
  await environment.advance(6 * 60_000);
  for (let count = 0; count < 200; count++) await client.update(configMaps, configMap('a', { k: String(count) }));
  const watch = collect(client.watch(configMaps, { resourceVersion: first.metadata.resourceVersion }));
  await watch.done;
  expect(watch.lines[0]).toMatch(/^ERROR too old resource version: \d+ \(\d+\)$/);
});

test('definitions come and go on a running server, and watches of what goes end', async () => {
  const { client, server, environment } = await testApiServer();
  const { builtInDefinitions } = await import('../../resources/built-in.ts');
  const definition = builtInDefinitions.find((each) => each.type.kind === 'ConfigMap');
  if (definition === undefined) throw new Error('no definition of ConfigMap');
  await client.create(configMaps, configMap('a'));
  const watch = collect(client.watch(configMaps));
  await environment.settle();
  await server.definitions.replace({ ...definition, verbs: ['get', 'watch'] });
  await watch.done;
  expect(watch.lines).toEqual(['ADDED a ', 'END']);
  await expect(client.list(configMaps)).rejects.toMatchObject({ reason: 'MethodNotAllowed' });
  const second = collect(client.watch(configMaps));
  await environment.settle();
  server.definitions.remove(configMaps);
  await second.done;
  await expect(client.get(configMaps, key('a'))).rejects.toMatchObject({ code: 404 });
  await client.create(leases, { metadata: key('other') });
  await server.definitions.install(definition);
  expect((await client.list(configMaps)).items).toMatchObject([{ metadata: { name: 'a' } }]);
});
