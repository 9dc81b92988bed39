import { describe, expect, test } from 'vitest';
import {
  CompactedError,
  FutureRevisionError,
  prefixEnd,
  type Store,
  type StoreEvent,
  type WatchSink,
} from '../../src/store/store.ts';

import { bytes, put, text } from './store-values.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass, so that leases end; `undefined` where only real time passes. */
  advance?(durationMs: number): Promise<void>;
  dispose(): Promise<void>;
}

class RecordingSink implements WatchSink {
  readonly seen: string[] = [];
  readonly batches: number[] = [];
  end: Error | undefined | 'open' = 'open';

  events(events: readonly StoreEvent[]): void {
    this.batches.push(events.length);
    for (const event of events) {
      const previous = text(event.previous?.value) ?? '-';
      if (event.type === 'put') {
        this.seen.push(`put ${event.entry.key}=${text(event.entry.value)} (${previous})`);
      } else this.seen.push(`delete ${event.key} (${previous})`);
    }
  }

  progress(): void {}

  closed(error: Error | undefined): void {
    this.end = error;
  }
}

/** What every driver of `Store` must do. */
export function storeSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  const withStore = (body: (context: StoreUnderTest) => Promise<void>) => async () => {
    const context = await open();
    try {
      await body(context);
    } finally {
      await context.dispose();
    }
  };

  describe(name, () => {
    test(
      'one revision counts transactions that wrote',
      withStore(async ({ store }) => {
        const before = await store.currentRevision();
        const first = await put(store, '/a', '1');
        const both = await store.commit({
          compare: [],
          operations: [
            { type: 'put', key: '/b', value: bytes('2') },
            { type: 'put', key: '/c', value: bytes('3') },
          ],
        });
        const nothing = await store.commit({ compare: [], operations: [{ type: 'delete', key: '/none' }] });
        expect([first, both.revision, nothing.revision]).toEqual([before + 1, before + 2, before + 2]);
        const { entry } = await store.get('/c');
        expect(entry).toMatchObject({ createRevision: before + 2, modRevision: before + 2, version: 1 });
        await put(store, '/c', '4');
        expect((await store.get('/c')).entry).toMatchObject({
          createRevision: before + 2,
          modRevision: before + 3,
          version: 2,
        });
      }),
    );

    test(
      'a comparison that fails writes nothing and shows what stands there',
      withStore(async ({ store }) => {
        const revision = await put(store, '/a', 'old');
        const refused = await store.commit({
          compare: [{ key: '/a', modRevision: revision + 7 }],
          operations: [{ type: 'put', key: '/a', value: bytes('new') }],
          readOnFailure: true,
        });
        expect(refused.succeeded).toBe(false);
        expect(text(refused.current?.[0]?.value)).toBe('old');
        const created = await store.commit({
          compare: [{ key: '/b', modRevision: 0 }],
          operations: [{ type: 'put', key: '/b', value: bytes('new') }],
        });
        expect(created.succeeded).toBe(true);
        const again = await store.commit({
          compare: [{ key: '/b', modRevision: 0 }],
          operations: [{ type: 'put', key: '/b', value: bytes('newer') }],
        });
        expect(again.succeeded).toBe(false);
      }),
    );

    test(
      'of many writers with the same expectation one wins',
      withStore(async ({ store }) => {
        const revision = await put(store, '/a', 'start');
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, writer) =>
            store.commit({
              compare: [{ key: '/a', modRevision: revision }],
              operations: [{ type: 'put', key: '/a', value: bytes(`${writer}`) }],
            }),
          ),
        );
        expect(results.filter((result) => result.succeeded)).toHaveLength(1);
      }),
    );

    test(
      'ranges are ordered, limited, counted, and readable at an older revision',
      withStore(async ({ store }) => {
        for (const key of ['/p/b', '/p/a', '/q/x', '/p/c']) await put(store, key, key);
        const older = await store.currentRevision();
        await put(store, '/p/a', 'changed');
        await store.commit({ compare: [], operations: [{ type: 'delete', key: '/p/b' }] });
        const now = await store.range('/p/', prefixEnd('/p/'));
        expect(now.entries.map((entry) => entry.key)).toEqual(['/p/a', '/p/c']);
        const then = await store.range('/p/', prefixEnd('/p/'), { revision: older, limit: 2 });
        expect(then.entries.map((entry) => text(entry.value))).toEqual(['/p/a', '/p/b']);
        expect(then).toMatchObject({ more: true, count: 3 });
        const counted = await store.range('/p/', prefixEnd('/p/'), { countOnly: true });
        expect(counted).toMatchObject({ entries: [], count: 2 });
        expect(text((await store.get('/p/b', { revision: older })).entry?.value)).toBe('/p/b');
        await expect(store.range('/p/', '/q/', { revision: older + 100 })).rejects.toThrow(FutureRevisionError);
      }),
    );

    test(
      'a watch replays from its revision and goes on without a gap',
      withStore(async ({ store }) => {
        await put(store, '/w/a', '1');
        const from = await store.currentRevision();
        await put(store, '/w/a', '2');
        await put(store, '/other', 'x');
        const sink = new RecordingSink();
        const watching = store.watch('/w/', prefixEnd('/w/'), from, sink);
        const during = put(store, '/w/b', '3');
        const handle = await watching;
        await during;
        await store.commit({
          compare: [],
          operations: [
            { type: 'delete', key: '/w/a' },
            { type: 'put', key: '/w/c', value: bytes('4') },
          ],
        });
        await eventually(() => expect(sink.seen).toHaveLength(4));
        expect(sink.seen).toEqual(['put /w/a=2 (1)', 'put /w/b=3 (-)', 'delete /w/a (2)', 'put /w/c=4 (-)']);
        expect(sink.batches.at(-1)).toBe(2);
        handle.cancel();
        await put(store, '/w/d', '5');
        expect(sink.seen).toHaveLength(4);
      }),
    );

    test(
      'an acknowledged write has been seen by watchers',
      withStore(async ({ store }) => {
        const sink = new RecordingSink();
        await store.watch('/', prefixEnd('/'), await store.currentRevision(), sink);
        await put(store, '/a', '1');
        expect(sink.seen).toEqual(['put /a=1 (-)']);
      }),
    );

    test(
      'compaction forgets history and keeps the newest values',
      withStore(async ({ store }) => {
        const first = await put(store, '/a', '1');
        await put(store, '/a', '2');
        await put(store, '/gone', 'x');
        await store.commit({ compare: [], operations: [{ type: 'delete', key: '/gone' }] });
        const newest = await store.currentRevision();
        await store.compact(newest);
        await expect(store.get('/a', { revision: first })).rejects.toThrow(CompactedError);
        await expect(store.watch('/', '0', first, new RecordingSink())).rejects.toThrow(CompactedError);
        expect(text((await store.get('/a', { revision: newest })).entry?.value)).toBe('2');
        expect((await store.range('/', '0')).count).toBe(1);
        expect(await store.currentRevision()).toBe(newest);
        await store.compact(first);
        await expect(store.compact(newest + 50)).rejects.toThrow(FutureRevisionError);
      }),
    );

    test(
      'closing ends watches and refuses more',
      withStore(async ({ store }) => {
        const sink = new RecordingSink();
        await store.watch('/', '0', await store.currentRevision(), sink);
        await store.close();
        expect(sink.end).toBeUndefined();
        await expect(put(store, '/a', '1')).rejects.toThrow(/closed/);
      }),
    );

    test(
      'keys vanish with their lease, unless renewed or rewritten without it',
      withStore(async ({ store, advance }) => {
        const lease = await store.grantLease(10);
        const renewed = await store.grantLease(10);
        const attach = (key: string, id: number) =>
          store.commit({ compare: [], operations: [{ type: 'put', key, value: bytes('x'), lease: id }] });
        await attach('/l/ends', lease);
        await attach('/l/renewed', renewed);
        await attach('/l/rewritten', lease);
        await put(store, '/l/rewritten', 'kept');
        if (advance === undefined) await store.revokeLease(lease);
        else {
          await advance(6_000);
          await store.renewLease(renewed);
          await advance(6_000);
        }
        await eventually(async () => {
          const { entries } = await store.range('/l/', prefixEnd('/l/'));
          expect(entries.map((entry) => entry.key)).toEqual(['/l/renewed', '/l/rewritten']);
        });
        await expect(attach('/l/late', lease)).rejects.toThrow(/lease .* does not exist/);
      }),
    );
  });
}

/** Polls an expectation for what other threads deliver. */
export async function eventually(expectation: () => void | Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (attempt >= 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
