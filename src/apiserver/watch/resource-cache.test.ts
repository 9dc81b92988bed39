import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { MemoryStore } from '../../store/memory/memory-store.ts';
import { CompactedError, type Store, type WatchSink } from '../../store/store.ts';
import { StoredFormat } from '../registry/stored-format.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { ResourceCache, type WatchStart } from './resource-cache.ts';
import { StoreFeed } from './store-feed.ts';
import type { WatchFilter, WatchItem } from './watch-filter.ts';
import type { Watcher } from './watcher.ts';

const format = new StoredFormat(
  { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true },
  '/registry/pods/',
);
const everything: WatchFilter = { namespace: '', name: '' };

interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
}

class World {
  readonly environment = new VirtualEnvironment(1);
  readonly store: Store;
  readonly feed: StoreFeed;
  readonly cache: ResourceCache;
  sink: WatchSink | undefined;

  constructor(options: { readonly watchBufferLimit?: number } = {}) {
    const memory = new MemoryStore({ environment: this.environment });
    const keepSink = (sink: WatchSink): WatchSink => {
      this.sink = sink;
      return sink;
    };
    this.store = Object.assign(Object.create(memory) as Store, {
      get: memory.get.bind(memory),
      range: memory.range.bind(memory),
      commit: memory.commit.bind(memory),
      currentRevision: memory.currentRevision.bind(memory),
      watch: (start: string, end: string, from: number, sink: WatchSink) =>
        memory.watch(start, end, from, keepSink(sink)),
    });
    const parts = { store: this.store, environment: this.environment, logger: silentLogger };
    this.feed = new StoreFeed(parts);
    this.cache = new ResourceCache({
      ...parts,
      feed: this.feed,
      metrics: new CacheMetrics(silentMetrics).of(format.type),
      format,
      ...options,
    });
  }

  async start(): Promise<this> {
    await this.feed.start();
    await this.cache.start();
    return this;
  }

  async put(name: string, node = '', namespace = 'n'): Promise<number> {
    const pod: Pod = { metadata: { name, namespace }, ...(node !== '' && { spec: { nodeName: node } }) };
    const operations = [{ type: 'put', key: format.key(namespace, name), value: format.encode(pod) }] as const;
    return (await this.store.commit({ compare: [], operations })).revision;
  }

  async remove(name: string): Promise<number> {
    const operations = [{ type: 'delete', key: format.key('n', name) }] as const;
    return (await this.store.commit({ compare: [], operations })).revision;
  }

  watch(start: Partial<WatchStart> = {}): Watcher {
    const defaults = { filter: everything, after: 'now', markInitialEventsEnd: false } as const;
    return this.cache.watch({ ...defaults, allowBookmarks: false, timeoutMs: 600_000, ...start });
  }
}

const nodeOf = (object: StoredObject): string => (object.object as Pod).spec?.nodeName ?? '';
const onNode = (value: string): WatchFilter => ({
  ...everything,
  field: { label: 'spec.nodeName', value, read: nodeOf },
  matches: (object) => nodeOf(object) === value,
});

function line(item: WatchItem): string {
  if (item.type === 'BOOKMARK') return `BOOKMARK ${item.revision}`;
  if (item.type === 'ERROR') return `ERROR ${item.error.message}`;
  return `${item.type} ${item.object.object.metadata.name} ${item.object.revision}`;
}

function taken(watcher: Watcher): string[] {
  const lines: string[] = [];
  for (let item = watcher.take(); item !== undefined; item = watcher.take()) lines.push(line(item));
  return lines;
}

test('reads what is there, then follows; snapshots never change', async () => {
  const world = new World();
  await world.put('a');
  await world.start();
  const before = await world.cache.fresh();
  await world.put('b');
  const after = await world.cache.fresh();
  expect([before.tree.size, after.tree.size]).toEqual([1, 2]);
  expect(after.revision).toBe(await world.store.currentRevision());
  expect((await world.cache.at(before.revision))?.tree).toBe(before.tree);
});

test('a state of before the compaction of the store is not told of, though watches may still begin there', async () => {
  const world = await new World().start();
  await world.put('a');
  const before = await world.cache.fresh();
  await world.put('b');
  const after = await world.cache.fresh();
  world.feed.forget(after.revision);
  world.feed.forget(before.revision);
  expect(await world.cache.at(before.revision)).toBeUndefined();
  expect((await world.cache.at(after.revision))?.tree).toBe(after.tree);
  expect(() => world.watch({ after: before.revision })).not.toThrow();
});

test('what happens while everything is being read is neither lost nor seen twice', async () => {
  const world = new World();
  for (const name of ['a', 'b']) await world.put(name);
  await world.feed.start();
  const range = world.store.range.bind(world.store);
  world.store.range = async (...args) => {
    await world.put('early');
    const result = await range(...args);
    await world.put('late');
    await world.put('early', 'moved');
    return result;
  };
  await world.cache.start();
  const { tree } = await world.cache.fresh();
  const objects = [...tree.between('/', '0')];
  expect(objects.map((object) => object.object.metadata.name)).toEqual(['a', 'b', 'early', 'late']);
  expect(nodeOf(objects[2] as StoredObject)).toBe('moved');
});

test('watchers are told what concerns them: all, a namespace, a name, a node', async () => {
  const world = await new World().start();
  const all = world.watch();
  const namespace = world.watch({ filter: { namespace: 'other', name: '' } });
  const name = world.watch({ filter: { namespace: 'n', name: 'a' } });
  const node = world.watch({ filter: onNode('one') });
  const revisions = [
    await world.put('a'),
    await world.put('a', 'one'),
    await world.put('a', 'two'),
    await world.put('a', '', 'other'),
    await world.put('b', 'one'),
    await world.remove('b'),
  ];
  const [created, bound, moved, other, second, deleted] = revisions;
  expect(taken(all)).toEqual([
    `ADDED a ${created}`,
    `MODIFIED a ${bound}`,
    `MODIFIED a ${moved}`,
    `ADDED a ${other}`,
    `ADDED b ${second}`,
    `DELETED b ${deleted}`,
  ]);
  expect(taken(namespace)).toEqual([`ADDED a ${other}`]);
  expect(taken(name)).toEqual([`ADDED a ${created}`, `MODIFIED a ${bound}`, `MODIFIED a ${moved}`]);
  expect(taken(node)).toEqual([`ADDED a ${bound}`, `DELETED a ${moved}`, `ADDED b ${second}`, `DELETED b ${deleted}`]);
});

test('a watcher that is indexed is not asked about what does not concern it', async () => {
  const world = await new World().start();
  let asked = 0;
  const filter = onNode('one');
  world.watch({ filter: { ...filter, matches: () => asked++ < 0 } });
  await world.put('a', 'two');
  expect(asked).toBe(0);
  await world.put('b', 'one');
  expect(asked).toBe(1);
});

test('an event is encoded once for all who see it', async () => {
  const world = await new World().start();
  const watchers = [world.watch(), world.watch(), world.watch()];
  await world.put('a');
  let encoded = 0;
  const frames = watchers.map((watcher) => {
    const item = watcher.take();
    if (item === undefined || item.type === 'BOOKMARK' || item.type === 'ERROR') throw new Error('no change');
    return item.event?.encoded('json', () => Uint8Array.of(encoded++));
  });
  expect(new Set(frames).size).toBe(1);
  expect(encoded).toBe(1);
});

test('history is replayed from a version, and refused when it does not reach that far', async () => {
  const world = await new World().start();
  const first = await world.put('a');
  const second = await world.put('b');
  expect(taken(world.watch({ after: first }))).toEqual([`ADDED b ${second}`]);
  expect(() => world.watch({ after: 0 })).toThrow('too old resource version: 0 (1)');
});

test('a slow watcher is ended with a reason, the others go on', async () => {
  const world = await new World({ watchBufferLimit: 3 }).start();
  const slow = world.watch();
  const quick = world.watch();
  for (let index = 0; index < 5; index++) {
    await world.put(`p${index}`);
    taken(quick);
  }
  expect(taken(slow)).toEqual(['ERROR the watch was ended because its events were not read fast enough']);
  expect(slow.ended).toBe(true);
  expect(world.cache.watcherCount).toBe(1);
});

test('bookmarks tell how far the world has come, to those with nothing waiting', async () => {
  const world = await new World().start();
  const idle = world.watch({ allowBookmarks: true });
  const busy = world.watch({ allowBookmarks: true });
  const revision = await world.put('a');
  taken(idle);
  await world.environment.advance(60_000);
  expect(taken(idle)).toEqual([`BOOKMARK ${revision}`]);
  expect(taken(busy)).toEqual([`ADDED a ${revision}`]);
});

test('when history is lost watchers end and everything is read again', async () => {
  const world = await new World().start();
  await world.put('a');
  const watcher = world.watch();
  world.sink?.closed(new CompactedError(5));
  await world.put('b');
  await world.environment.settle();
  expect(watcher.ended).toBe(true);
  const { tree } = await world.cache.fresh();
  expect(tree.size).toBe(2);
  const later = world.watch();
  const revision = await world.put('c');
  expect(taken(later)).toEqual([`ADDED c ${revision}`]);
});

test('parsed objects that nobody uses are let go, bytes stay', async () => {
  const world = await new World().start();
  await world.put('a');
  const object = world.cache.peek(format.key('n', 'a'));
  const parsed = object?.object;
  await world.environment.advance(5 * 60_000);
  expect(object?.object).toBe(parsed);
  await world.environment.advance(10 * 60_000);
  expect(object?.object).not.toBe(parsed);
  expect(object?.object).toEqual(parsed);
});
