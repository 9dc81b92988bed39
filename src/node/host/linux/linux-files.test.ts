import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import { LinuxFiles } from './linux-files.ts';

describe('LinuxFiles', () => {
  const files = new LinuxFiles(new RealEnvironment());
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-files-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('writes whole files with the mode asked for, whatever the umask, and leaves nothing beside them', async () => {
    await files.write(join(root, 'a'), 'one', 0o666);
    expect(await files.stat(join(root, 'a'))).toMatchObject({ mode: 0o666 });
    await files.write(join(root, 'a'), 'two', 0o646);
    expect(Buffer.from(await files.read(join(root, 'a'))).toString()).toBe('two');
    expect(await files.stat(join(root, 'a'))).toMatchObject({ type: 'file', mode: 0o646, sizeBytes: 3 });
    expect(await files.list(root)).toEqual(['a']);
  });

  test('whoever looks around below a root sees directories and files, and follows no link', async () => {
    mkdirSync(join(root, 'logs/apt'), { recursive: true });
    writeFileSync(join(root, 'logs/app.log'), 'x'.repeat(200_000));
    writeFileSync(join(root, 'logs/empty.log'), '');
    writeFileSync(join(root, 'secret'), 'secret');
    symlinkSync('../secret', join(root, 'logs/link.log'));
    symlinkSync('..', join(root, 'logs/up'));
    execFileSync('mkfifo', [join(root, 'logs/pipe')]);
    const look = async (path: string) => {
      const found = await files.lookWithin(join(root, 'logs'), path);
      return 'names' in found ? found.names : Buffer.concat(await Array.fromAsync(found.bytes)).toString();
    };
    expect(await look('')).toEqual(['app.log', 'apt/', 'empty.log', 'link.log', 'pipe', 'up']);
    expect(await look('app.log')).toBe('x'.repeat(200_000));
    expect(await look('empty.log')).toBe('');
    for (const path of ['link.log', 'up/secret', '../secret', 'pipe', 'none'])
      await expect(look(path)).rejects.toThrow();
  });

  test('a reader never sees half of a write', async () => {
    const path = join(root, 'big');
    const versions = ['a'.repeat(1 << 20), 'b'.repeat(1 << 20)] as const;
    await files.write(path, versions[0]);
    const writing = (async () => {
      for (let round = 0; round < 10; round++) await files.write(path, versions[round % 2 === 0 ? 1 : 0]);
    })();
    for (let round = 0; round < 20; round++) {
      expect(versions).toContain(Buffer.from(await files.read(path)).toString());
    }
    await writing;
  });

  test('a write that fails leaves the old file and nothing beside it', async () => {
    await files.makeDirectory(join(root, 'folder'));
    await files.write(join(root, 'folder', 'below'), '');
    await expect(files.write(join(root, 'folder'), 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await files.list(root)).toEqual(['folder']);
  });

  test('says what is there, without following the last link', async () => {
    await files.symlink('nowhere', join(root, 'link'));
    expect(await files.stat(join(root, 'link'))).toMatchObject({ type: 'link' });
    expect(await files.readLink(join(root, 'link'))).toBe('nowhere');
    expect(await files.stat(join(root, 'missing'))).toBeUndefined();
    await expect(files.read(join(root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('reads from an offset, less at the end', async () => {
    await files.write(join(root, 'a'), '0123456789');
    const text = async (offset: number, length: number) =>
      Buffer.from(await files.readAt(join(root, 'a'), offset, length)).toString();
    expect(await text(2, 3)).toBe('234');
    expect(await text(8, 100)).toBe('89');
    expect(await text(50, 10)).toBe('');
  });

  test('removes a tree without following its links', async () => {
    await files.makeDirectory(join(root, 'tree/deep/er'), 0o700);
    await files.write(join(root, 'tree/deep/er/file'), 'x');
    await files.write(join(root, 'outside'), 'stays');
    await files.symlink(join(root, 'outside'), join(root, 'tree/link'));
    await files.symlink(root, join(root, 'tree/up'));
    await files.remove(join(root, 'tree'));
    await files.remove(join(root, 'tree'));
    expect(await files.list(root)).toEqual(['outside']);
  });

  test('counts blocks and inodes, a hard-linked file once', async () => {
    await files.write(join(root, 'a'), 'x'.repeat(10_000));
    execFileSync('ln', [join(root, 'a'), join(root, 'b')]);
    const { bytes, inodes } = await files.usage(root);
    expect(inodes).toBe(2);
    expect(bytes).toBe(Number(execFileSync('du', ['-s', '-B1', root]).toString().split('\t')[0]));
  });
});
