import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realEnvironment } from '../../../../test/support/environment.ts';
import { OpenFileCount } from './open-files.ts';

let table: string;
beforeEach(() => {
  table = mkdtempSync(join(tmpdir(), 'stuurman-files-'));
});
afterEach(() => rmSync(table, { recursive: true, force: true }));

function runs(pid: number, files: readonly string[], limit = '1024'): void {
  const folder = join(table, String(pid));
  mkdirSync(join(folder, 'fd'), { recursive: true });
  for (const [descriptor, target] of files.entries()) symlinkSync(target, join(folder, 'fd', String(descriptor)));
  writeFileSync(
    join(folder, 'limits'),
    `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             98637                98637                processes \nMax open files            ${limit.padEnd(20)} 524288               files     \n`,
  );
}

function counting(mostFiles = 100): OpenFileCount {
  return new OpenFileCount({ environment: realEnvironment, mostFiles, processTable: table });
}

test('files and sockets of all, and the limit of the first', async () => {
  runs(7, ['/dev/null', 'socket:[4711]', 'anon_inode:[eventpoll]'], '1024');
  runs(8, ['socket:[4712]'], '32768');
  expect(await counting().of([7, 8])).toEqual({ files: 4, sockets: 2, limit: 1024 });
});

test('no limit is infinite', async () => {
  runs(7, [], 'unlimited');
  expect(await counting().of([7])).toEqual({
    files: 0,
    sockets: 0,
    limit: Number.POSITIVE_INFINITY,
  });
});

test('what has ended meanwhile has nothing open', async () => {
  runs(8, ['/dev/null']);
  expect(await counting().of([7, 8])).toEqual({ files: 1, sockets: 0, limit: undefined });
  expect(await counting().of([])).toEqual({ files: 0, sockets: 0, limit: undefined });
});

test('what goes beyond the bound of all is not told, rather than told wrongly', async () => {
  runs(7, ['/a', '/b', '/c']);
  runs(8, ['/a', '/b', '/c']);
  const count = counting(5);
  expect(await count.of([7])).toMatchObject({ files: 3 });
  expect(await count.of([8])).toBeUndefined();
  expect(await count.of([7])).toBeUndefined();
});

test('of this process', async () => {
  const { files = 0, limit = 0 } = (await new OpenFileCount({ environment: realEnvironment }).of([process.pid])) ?? {};
  expect(files).toBeGreaterThan(2);
  expect(limit).toBeGreaterThan(2);
});
