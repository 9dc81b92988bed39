import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readElf } from './elf.ts';
import { PackageTree } from './package-tree.ts';

describe('PackageTree', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-tree-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const taken = (tree: PackageTree) => tree.entries().map((entry) => `${entry.type} ${entry.path}`);

  test('takes a folder, except what is left out, and what links in it lead to', async () => {
    write('usr/share/app/a', '');
    write('usr/share/app/man/b', '');
    write('lib/shared/data', '');
    symlinkSync('/lib/shared/data', join(root, 'usr/share/app/link'));
    symlinkSync('/etc/made-later', join(root, 'usr/share/app/open'));
    const tree = new PackageTree(root);
    await tree.take('/usr/share/app', /\/man$/);
    expect(taken(tree)).toEqual([
      'directory /usr/share/app',
      'file /usr/share/app/a',
      'link /usr/share/app/link',
      'file /usr/lib/shared/data',
      'link /usr/share/app/open',
    ]);
    await expect(tree.take('/usr/share/none')).rejects.toThrow('none of the packages has /usr/share/none');
  });

  test.runIf(process.platform === 'linux')(
    'takes the libraries that a program needs, or says which is missing',
    async () => {
      const program = realpathSync('/bin/sh');
      const elf = readElf(readFileSync(program));
      const [library = ''] = elf?.needed ?? [];
      expect(library).toMatch(/^libc\./);
      mkdirSync(join(root, 'usr/bin'), { recursive: true });
      copyFileSync(program, join(root, 'usr/bin/sh'));
      for (const name of elf?.needed ?? []) write(`lib/x86_64-linux-gnu/${name}`, 'a library');
      write(elf?.interpreter ?? '', 'the loader');
      const tree = new PackageTree(root);
      await tree.take('/usr/bin/sh');
      expect(taken(tree)).toContain(`file /usr/lib/x86_64-linux-gnu/${library}`);
      expect(taken(tree)).toContain(`file /usr${elf?.interpreter}`);
      rmSync(join(root, 'lib/x86_64-linux-gnu', library));
      await expect(new PackageTree(root).take('/usr/bin/sh')).rejects.toThrow(
        `/usr/bin/sh needs ${library}, which none of the packages has`,
      );
    },
  );

  test('what is no ELF file is not read as one', () => {
    expect(readElf(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
    expect(readElf(Buffer.alloc(100))).toBeUndefined();
  });
});
