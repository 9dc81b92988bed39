import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { readElf } from './elf.ts';
import type { LayerEntry } from './layer-entry.ts';

/** Where Debian's libraries are; the first is that of the architecture. */
const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib', '/usr/lib64'];

/** Folders that are links in every image of ours, as Debian has it. */
const merged = ['/bin', '/sbin', '/lib', '/lib64'];

/** Unpacked packages, from which files are taken into an image. Paths are those in the image: `/lib/x` is `/usr/lib/x`. */
export class PackageTree {
  readonly #root: string;
  readonly #taken = new Map<string, LayerEntry>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Everything at and below a path that is not left out, with the libraries it needs. Throws when there is nothing, or a library is missing. */
  async take(path: string, leaveOut: RegExp = /^$/): Promise<void> {
    const source = await this.#find(path);
    if (source === undefined) throw new Error(`none of the packages has ${path}`);
    if (leaveOut.test(path) || this.#taken.has(path)) return;
    const stats = await lstat(source);
    const common = { path, mode: stats.mode & 0o7777, uid: 0, gid: 0 };
    if (stats.isSymbolicLink()) {
      const target = await readlink(source);
      this.#taken.set(path, { ...common, type: 'link', target });
      const resolved = imagePath(posix.resolve(dirname(path), target));
      // A link may lead to what is made when the package is installed.
      if ((await this.#find(resolved)) !== undefined) await this.take(resolved, leaveOut);
    } else if (stats.isDirectory()) {
      this.#taken.set(path, { ...common, type: 'directory' });
      for (const name of (await readdir(source)).sort()) await this.take(posix.join(path, name), leaveOut);
    } else if (stats.isFile()) {
      this.#taken.set(path, { ...common, type: 'file', content: { source } });
      await this.#takeLibraries(path, source);
    }
  }

  /** The libraries that a program from elsewhere needs. */
  async takeLibrariesOf(program: string): Promise<void> {
    await this.#takeLibraries(program, program);
  }

  entries(): readonly LayerEntry[] {
    return [...this.#taken.values()];
  }

  async #takeLibraries(path: string, source: string): Promise<void> {
    if (!(await isElfFile(source))) return;
    const elf = readElf(await readFile(source));
    if (elf === undefined) return;
    if (elf.interpreter !== undefined) await this.take(imagePath(elf.interpreter));
    const own = elf.runPath.map((each) => imagePath(each.replaceAll(/\$\{?ORIGIN\}?/g, dirname(path))));
    for (const name of elf.needed) {
      const found = await this.#findLibrary(name, [...own, ...libraryFolders]);
      if (found === undefined) throw new Error(`${path} needs ${name}, which none of the packages has`);
      await this.take(found);
    }
  }

  async #findLibrary(name: string, folders: readonly string[]): Promise<string | undefined> {
    for (const folder of folders) {
      const path = posix.join(folder, name);
      if ((await this.#find(path)) !== undefined) return path;
    }
    return undefined;
  }

  /** Where a path of the image is in the unpacked packages, which may have it in the old place. */
  async #find(path: string): Promise<string | undefined> {
    const places = path.startsWith('/usr/') ? [path, path.slice('/usr'.length)] : [path];
    for (const place of places) {
      const source = join(this.#root, place);
      if ((await lstat(source).catch(() => undefined)) !== undefined) return source;
    }
    return undefined;
  }
}

/** `/lib/x` as `/usr/lib/x`. */
function imagePath(path: string): string {
  return merged.some((folder) => path.startsWith(`${folder}/`)) ? `/usr${path}` : path;
}

async function isElfFile(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.readUInt32BE(0) === 0x7f454c46;
  } finally {
    await file.close();
  }
}
