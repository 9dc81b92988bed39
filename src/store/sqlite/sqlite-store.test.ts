import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeSuite } from '../../../test/suites/store.ts';
import { put, text } from '../../../test/suites/store-values.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { openError } from './format.ts';
import { SqliteStore } from './sqlite-store.ts';

const environment = new RealEnvironment();
let directory: string;
let files = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'stuurman-store-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const change = (file: string, statement: string) => {
  const database = new DatabaseSync(file);
  database.exec(statement);
  database.close();
};
const newFile = () => join(directory, `state-${files++}.db`);

storeSuite('SqliteStore', async () => {
  const store = await SqliteStore.open({ file: newFile(), environment });
  return { store, dispose: () => store.close() };
});

describe('SqliteStore on disk', () => {
  test('what was written is there after it was opened again, and revisions go on', async () => {
    const file = newFile();
    const first = await SqliteStore.open({ file, environment });
    await put(first, '/a', '1');
    const lease = await first.grantLease(3600);
    const revision = await put(first, '/a', '2');
    await first.close();
    const second = await SqliteStore.open({ file, environment });
    expect(text((await second.get('/a')).entry?.value)).toBe('2');
    expect(await put(second, '/b', '3')).toBe(revision + 1);
    await second.renewLease(lease);
    await second.close();
  });

  test('revisions go on after everything was deleted and compacted', async () => {
    const file = newFile();
    const first = await SqliteStore.open({ file, environment });
    await put(first, '/a', '1');
    const { revision } = await first.commit({ compare: [], operations: [{ type: 'delete', key: '/a' }] });
    await first.compact(revision);
    await first.close();
    const second = await SqliteStore.open({ file, environment });
    expect(await second.currentRevision()).toBe(revision);
    await second.close();
  });

  test('a file in use is refused, and free again after close', async () => {
    const file = newFile();
    const first = await SqliteStore.open({ file, environment });
    await expect(SqliteStore.open({ file, environment })).rejects.toMatchObject({ code: 'InUse' });
    await first.close();
    await (await SqliteStore.open({ file, environment })).close();
  });

  test('a damaged file, one of another program and one of a newer format are refused with what to do', async () => {
    const damaged = newFile();
    writeFileSync(damaged, 'not a database at all, but long enough to look at'.repeat(100));
    await expect(SqliteStore.open({ file: damaged, environment })).rejects.toMatchObject({ code: 'Corrupt' });
    const foreign = newFile();
    change(foreign, 'PRAGMA application_id = 77; CREATE TABLE t (x)');
    await expect(SqliteStore.open({ file: foreign, environment })).rejects.toThrow(/another program/);
    const newer = newFile();
    await (await SqliteStore.open({ file: newer, environment })).close();
    change(newer, 'PRAGMA user_version = 99');
    await expect(SqliteStore.open({ file: newer, environment })).rejects.toThrow(/format 99.*newer/);
  });

  test('a folder that is missing is said', async () => {
    const file = join(directory, 'no', 'such', 'state.db');
    await expect(SqliteStore.open({ file, environment })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('what cannot be written is said', () => {
    const refused = openError(
      Object.assign(new Error('attempt to write a readonly database'), { errcode: 8 }),
      '/data/state.db',
    );
    expect(refused.code).toBe('ReadOnly');
    expect(refused.message).toContain("check the file's owner");
  });

  test('a transaction that cannot be written fails alone', async () => {
    const store = await SqliteStore.open({ file: newFile(), environment });
    const results = await Promise.allSettled([
      put(store, '/a', '1'),
      put(store, '/b', '2'),
      store.commit({ compare: [], operations: [{ type: 'put', key: '/c', value: new Uint8Array(), lease: 99 }] }),
      put(store, '/d', '4'),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    await store.close();
  });
});
