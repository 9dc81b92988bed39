import { mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWithin } from './open-within.ts';

describe.runIf(process.platform === 'linux')('opening below a root', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-open-'));
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/file'), 'x');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** Where what was opened is. */
  const opened = async (path: string, make?: number) => {
    const handle = await openWithin(root, path, make);
    const found = readlinkSync(`/proc/self/fd/${handle.fd}`);
    await handle.close();
    return found.slice(root.length);
  };

  test('finds files and directories, and the root itself', async () => {
    expect(await opened('a/b/file')).toBe('/a/b/file');
    expect(await opened('a//./b')).toBe('/a/b');
    expect(await opened('')).toBe('');
    await expect(opened('a/none')).rejects.toThrow('ENOENT');
  });

  test('takes no link, wherever it leads and wherever it stands', async () => {
    symlinkSync('b', join(root, 'a/inside'));
    symlinkSync('/', join(root, 'a/outside'));
    await expect(opened('a/inside')).rejects.toThrow('inside is a link');
    await expect(opened('a/outside/etc')).rejects.toThrow('outside is a link');
    await expect(opened('a/outside')).rejects.toThrow('outside is a link');
    await expect(opened('a/../..')).rejects.toThrow('leads out');
  });

  test('makes what is missing with the mode that is asked for, and nothing behind a link', async () => {
    expect(await opened('a/new/deep', 0o777)).toBe('/a/new/deep');
    expect(statSync(join(root, 'a/new')).mode & 0o777).toBe(0o777);
    expect(statSync(join(root, 'a/new/deep')).mode & 0o777).toBe(0o777);
    const elsewhere = mkdtempSync(join(tmpdir(), 'stuurman-open-'));
    symlinkSync(elsewhere, join(root, 'a/out'));
    await expect(opened('a/out/made', 0o777)).rejects.toThrow('out is a link');
    expect(() => statSync(join(elsewhere, 'made'))).toThrow('ENOENT');
    rmSync(elsewhere, { recursive: true });
  });
});
