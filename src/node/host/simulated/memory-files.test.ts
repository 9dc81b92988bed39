import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../../machinery/environment/virtual.ts';
import { MemoryFiles } from './memory-files.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function files(): Promise<MemoryFiles> {
  const made = new MemoryFiles(new VirtualEnvironment(1));
  await made.makeDirectory('/a/b');
  await made.write('/a/b/file', 'text', 0o600);
  return made;
}

test('reads, writes, lists and removes', async () => {
  const fs = await files();
  expect(text(await fs.read('/a/b/file'))).toBe('text');
  expect(await fs.stat('/a/b/file')).toMatchObject({ type: 'file', sizeBytes: 4, mode: 0o600 });
  expect(await fs.list('/a')).toEqual(['b']);
  expect(text(await fs.readAt('/a/b/file', 1, 2))).toBe('ex');
  expect(text(await fs.readAt('/a/b/file', 3, 10))).toBe('t');
  fs.append('/a/b/file', ' more');
  expect(text(await fs.read('/a/b/file'))).toBe('text more');
  expect(await fs.usage('/a')).toEqual({ bytes: 9, inodes: 3 });
  await fs.remove('/a/b');
  await fs.remove('/a/b');
  expect(await fs.list('/a')).toEqual([]);
});

test('a write is another file, so that who holds the old one keeps it', async () => {
  const fs = await files();
  const before = (await fs.stat('/a/b/file'))?.inode;
  await fs.write('/a/b/file', 'new');
  expect((await fs.stat('/a/b/file'))?.inode).not.toBe(before);
});

test('follows links, absolute, relative and upwards, but not the last one where it is the link that is meant', async () => {
  const fs = await files();
  await fs.symlink('/a/b', '/absolute');
  await fs.symlink('../b/file', '/a/b/relative');
  await fs.symlink('/a/b/relative', '/twice');
  expect(text(await fs.read('/absolute/file'))).toBe('text');
  expect(text(await fs.read('/a/b/relative'))).toBe('text');
  expect(text(await fs.read('/twice'))).toBe('text');
  expect(text(await fs.read('/a/../a/b/../b/file'))).toBe('text');
  expect((await fs.stat('/twice'))?.type).toBe('link');
  expect(await fs.readLink('/a/b/relative')).toBe('../b/file');
  await fs.symlink('/loop2', '/loop1');
  await fs.symlink('/loop1', '/loop2');
  await expect(fs.read('/loop1')).rejects.toMatchObject({ code: 'ELOOP' });
});

test('renames over files and empty directories', async () => {
  const fs = await files();
  await fs.write('/a/other', 'other');
  await fs.rename('/a/other', '/a/b/file');
  expect(text(await fs.read('/a/b/file'))).toBe('other');
  await fs.makeDirectory('/empty');
  await fs.rename('/a/b', '/empty');
  expect(await fs.list('/empty')).toEqual(['file']);
  await fs.makeDirectory('/c');
  await expect(fs.rename('/c', '/empty')).rejects.toMatchObject({ code: 'ENOTEMPTY' });
});

test('fails as the real one does', async () => {
  const fs = await files();
  const codes = {
    ENOENT: [
      () => fs.read('/none'),
      () => fs.write('/none/file', ''),
      () => fs.list('/none'),
      () => fs.rename('/none', '/x'),
    ],
    EISDIR: [() => fs.read('/a'), () => fs.write('/a', '')],
    ENOTDIR: [() => fs.list('/a/b/file'), () => fs.makeDirectory('/a/b/file/c'), () => fs.write('/a/b/file/c', '')],
    EEXIST: [() => fs.symlink('x', '/a'), () => fs.makeDirectory('/a/b/file')],
    EINVAL: [() => fs.readLink('/a')],
  };
  for (const [code, calls] of Object.entries(codes))
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code });
  expect(await fs.stat('/none')).toBeUndefined();
});
