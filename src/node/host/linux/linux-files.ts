import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { DirectoryNames, FileBytes, FileStat, Files } from '../host.ts';
import { mountPointsBelow, readMounts } from './mount-table.ts';
import { openWithin } from './open-within.ts';

/** The machine's own file system. */
export class LinuxFiles implements Files {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async read(path: string): Promise<Uint8Array<ArrayBufferLike>> {
    return fs.readFile(path);
  }

  async write(path: string, data: Uint8Array<ArrayBufferLike> | string, mode = 0o644): Promise<void> {
    const suffix = Buffer.from(this.#environment.randomBytes(6)).toString('hex');
    const beside = join(dirname(path), `.${basename(path)}.${suffix}`);
    try {
      await fs.writeFile(beside, data, { mode, flag: 'wx' });
      // The mode given to open is cut by the umask.
      await fs.chmod(beside, mode);
      await fs.rename(beside, path);
    } catch (error) {
      await fs.rm(beside, { force: true });
      throw error;
    }
  }

  async makeDirectory(path: string, mode = 0o755): Promise<void> {
    const first = await fs.mkdir(path, { recursive: true, mode });
    if (first !== undefined) await fs.chmod(path, mode);
  }

  async makeWithin(root: string, path: string, mode: number): Promise<void> {
    await (await openWithin(root, path, mode)).close();
  }

  async readWithin(root: string, path: string, mostBytes: number): Promise<Uint8Array<ArrayBufferLike>> {
    const found = await openWithin(root, path);
    try {
      const stats = await found.stat();
      if (!stats.isFile()) throw new Error(`${path} is no file`);
      if (stats.size > mostBytes) throw new Error(`${path} is longer than ${mostBytes} bytes`);
      return await fs.readFile(`/proc/self/fd/${found.fd}`);
    } finally {
      await found.close();
    }
  }

  async lookWithin(root: string, path: string): Promise<DirectoryNames | FileBytes> {
    const found = await openWithin(root, path);
    const itself = `/proc/self/fd/${found.fd}`;
    try {
      const stats = await found.stat();
      if (stats.isDirectory()) {
        const entries = await fs.readdir(itself, { withFileTypes: true });
        entries.sort((a, b) => (a.name < b.name ? -1 : 1));
        return { names: entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)) };
      }
      if (!stats.isFile()) throw new Error(`${path} is no file`);
      if (stats.size === 0) return { bytes: Readable.from([]) };
      const file = await fs.open(itself);
      return { bytes: file.createReadStream({ start: 0, end: stats.size - 1 }) };
    } finally {
      await found.close();
    }
  }

  async list(path: string): Promise<readonly string[]> {
    return (await fs.readdir(path)).sort();
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const stats = await statOrNothing(path);
    return stats === undefined ? undefined : fileStat(stats);
  }

  async symlink(target: string, path: string): Promise<void> {
    await fs.symlink(target, path);
  }

  readLink(path: string): Promise<string> {
    return fs.readlink(path);
  }

  rename(from: string, to: string): Promise<void> {
    return fs.rename(from, to);
  }

  /**
   * A bind mount from the same disk has the device of its surroundings, so the mount table is asked and not only the device
   * numbers. What is mounted stays, with its parents; then this throws `EBUSY`.
   */
  async remove(path: string): Promise<void> {
    const stats = await statOrNothing(path);
    if (stats === undefined) return;
    const mounted = new Set(mountPointsBelow(await readMounts(), path));
    const kept = await removeBelow(path, stats, stats.dev, mounted);
    if (kept !== undefined) {
      throw Object.assign(new Error(`EBUSY: ${path} was not removed whole: something is mounted at ${kept}`), {
        code: 'EBUSY',
      });
    }
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return fs.lchown(path, uid, gid);
  }

  chmod(path: string, mode: number): Promise<void> {
    return fs.chmod(path, mode);
  }

  async readAt(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBufferLike>> {
    const file = await fs.open(path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await file.close();
    }
  }

  /** As `du` counts: allocated blocks, a hard-linked file once, and not what is mounted below. */
  async usage(path: string): Promise<{ readonly bytes: number; readonly inodes: number }> {
    const root = await fs.lstat(path);
    const seen = new Set<number>();
    const total = { bytes: 0, inodes: 0 };
    const pending: (readonly [string, Stats])[] = [[path, root]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [each, stats] = next;
      if (stats.dev !== root.dev || seen.has(stats.ino)) continue;
      seen.add(stats.ino);
      total.bytes += stats.blocks * 512;
      total.inodes++;
      if (!stats.isDirectory()) continue;
      for (const name of await listOrNothing(each)) {
        const below = await statOrNothing(join(each, name));
        if (below !== undefined) pending.push([join(each, name), below]);
      }
    }
    return total;
  }
}

/** Answers a mount point that was left alone, where there is one. */
async function removeBelow(
  path: string,
  stats: Stats,
  device: number,
  mounted: ReadonlySet<string>,
): Promise<string | undefined> {
  if (mounted.has(path) || stats.dev !== device) return path;
  if (!stats.isDirectory()) {
    await fs.rm(path, { force: true });
    return undefined;
  }
  let kept: string | undefined;
  for (const name of await listOrNothing(path)) {
    const child = join(path, name);
    const below = await statOrNothing(child);
    if (below === undefined) continue;
    kept = (await removeBelow(child, below, device, mounted)) ?? kept;
  }
  if (kept === undefined) await ignoring('ENOENT', fs.rmdir(path));
  return kept;
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  return ignoring('ENOENT', fs.lstat(path));
}

async function listOrNothing(path: string): Promise<readonly string[]> {
  return (await ignoring('ENOENT', fs.readdir(path))) ?? [];
}

async function ignoring<T>(code: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
}

function fileStat(stats: Stats): FileStat {
  return {
    type: stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? 'link'
          : stats.isSocket()
            ? 'socket'
            : 'other',
    sizeBytes: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    inode: stats.ino,
    modifiedAt: Math.floor(stats.mtimeMs),
  };
}
