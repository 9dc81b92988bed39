import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { run } from './local-cluster.ts';

describe.skipIf(inject('missing').length > 0)('a store on a disk that is full', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stuurman-store-'));
  const filler = join(directory, 'filler');
  let store: SqliteStore;
  beforeAll(async () => {
    await run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory);
    store = await SqliteStore.open({ file: join(directory, 'state.db'), environment: new RealEnvironment() });
  });
  afterAll(async () => {
    await store.close();
    await run('umount', directory);
    rmdirSync(directory);
  });

  const put = (key: string) =>
    store.commit({ compare: [], operations: [{ type: 'put', key, value: Buffer.alloc(100_000, key) }] });
  const sizeOf = async (key: string) => (await store.get(key)).entry?.value.length;

  test('says so, answers what it has, and goes on when there is room again', async () => {
    await put('/before');
    expect(() => writeFileSync(filler, Buffer.alloc(16 << 20))).toThrow('ENOSPC');
    const before = await store.currentRevision();
    for (let attempt = 0; attempt < 3; attempt++) await expect(put('/during')).rejects.toThrow('disk is full');
    expect(await store.currentRevision()).toBe(before);
    expect(await sizeOf('/before')).toBe(100_000);
    rmSync(filler);
    await put('/after');
    expect([await sizeOf('/during'), await sizeOf('/after')]).toEqual([undefined, 100_000]);
  });
});
