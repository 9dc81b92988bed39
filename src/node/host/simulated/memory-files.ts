import type { Environment } from '../../../machinery/environment/environment.ts';
import type { DirectoryNames, FileBytes, FileStat, Files } from '../host.ts';

type Bytes = Uint8Array<ArrayBufferLike>;

interface MemoryNode {
  readonly inode: number;
  mode: number;
  uid: number;
  gid: number;
  modifiedAt: number;
  content: Content;
}

/** Text is kept as the string it came as: most files of many pods share theirs. */
type Content =
  | { readonly type: 'file'; data: Bytes | string }
  | { readonly type: 'directory'; readonly entries: Map<string, MemoryNode> }
  | { readonly type: 'link'; readonly target: string };

const encoder = new TextEncoder();
/** As the kernel does it. */
const maxLinks = 40;

/** A file system in memory, as lean as a simulated node needs it and as strict as the real one where the agent could tell. */
export class MemoryFiles implements Files {
  readonly #environment: Pick<Environment, 'now'>;
  #inodes = 1;
  readonly #root: MemoryNode;

  constructor(environment: Pick<Environment, 'now'>) {
    this.#environment = environment;
    this.#root = this.#node({ type: 'directory', entries: new Map() }, 0o755);
  }

  async read(path: string): Promise<Bytes> {
    return bytesOf(this.#file(path, 'open').data);
  }

  async write(path: string, data: Bytes | string, mode = 0o644): Promise<void> {
    const { directory, name } = this.#parent(path, 'open');
    const existing = directory.get(name);
    if (existing?.content.type === 'directory')
      throw fileError('EISDIR', 'illegal operation on a directory', 'open', path);
    directory.set(name, this.#node({ type: 'file', data: typeof data === 'string' ? data : data.slice() }, mode));
  }

  /** Adds to the end of a file, which is made when it is not there: what a container runtime does with logs. */
  append(path: string, text: string): void {
    const { directory, name } = this.#parent(path, 'open');
    const existing = directory.get(name);
    if (existing === undefined) {
      directory.set(name, this.#node({ type: 'file', data: text }, 0o640));
      return;
    }
    if (existing.content.type !== 'file') throw fileError('EISDIR', 'illegal operation on a directory', 'open', path);
    existing.content.data = textOf(existing.content.data) + text;
    existing.modifiedAt = this.#environment.now();
  }

  async makeWithin(root: string, path: string, mode: number): Promise<void> {
    await this.makeDirectory(`${root}/${path}`, mode);
  }

  async readWithin(root: string, path: string, mostBytes: number): Promise<Bytes> {
    const bytes = await this.read(`${root}/${path}`);
    if (bytes.length > mostBytes) throw new Error(`${path} is longer than ${mostBytes} bytes`);
    return bytes;
  }

  async lookWithin(root: string, path: string): Promise<DirectoryNames | FileBytes> {
    const at = `${root}/${path}`;
    if ((await this.stat(at))?.type !== 'directory') return { bytes: oneChunk(await this.read(at)) };
    const names = await this.list(at);
    const types = await Promise.all(names.map(async (name) => (await this.stat(`${at}/${name}`))?.type));
    return { names: names.map((name, index) => (types[index] === 'directory' ? `${name}/` : name)) };
  }

  async makeDirectory(path: string, mode = 0o755): Promise<void> {
    let node = this.#root;
    for (const part of parts(path)) {
      const within = this.#follow(node, path, 'mkdir');
      if (within.content.type !== 'directory') throw fileError('ENOTDIR', 'not a directory', 'mkdir', path);
      let next = within.content.entries.get(part);
      if (next === undefined) {
        next = this.#node({ type: 'directory', entries: new Map() }, mode);
        within.content.entries.set(part, next);
      }
      node = next;
    }
    const made = this.#follow(node, path, 'mkdir');
    if (made.content.type !== 'directory') throw fileError('EEXIST', 'file already exists', 'mkdir', path);
  }

  async list(path: string): Promise<readonly string[]> {
    const node = this.#lookup(path, 'scandir', true);
    if (node.content.type !== 'directory') throw fileError('ENOTDIR', 'not a directory', 'scandir', path);
    return [...node.content.entries.keys()].sort();
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const node = this.#find(path, false);
    if (node === undefined) return undefined;
    return {
      type: node.content.type,
      sizeBytes: node.content.type === 'file' ? sizeOf(node.content.data) : 0,
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      inode: node.inode,
      modifiedAt: node.modifiedAt,
    };
  }

  async symlink(target: string, path: string): Promise<void> {
    const { directory, name } = this.#parent(path, 'symlink');
    if (directory.has(name)) throw fileError('EEXIST', 'file already exists', 'symlink', path);
    directory.set(name, this.#node({ type: 'link', target }, 0o777));
  }

  async readLink(path: string): Promise<string> {
    const node = this.#lookup(path, 'readlink', false);
    if (node.content.type !== 'link') throw fileError('EINVAL', 'invalid argument', 'readlink', path);
    return node.content.target;
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#parent(from, 'rename');
    const node = source.directory.get(source.name);
    if (node === undefined) throw fileError('ENOENT', 'no such file or directory', 'rename', from);
    const target = this.#parent(to, 'rename');
    const existing = target.directory.get(target.name);
    if (existing?.content.type === 'directory') {
      if (node.content.type !== 'directory')
        throw fileError('EISDIR', 'illegal operation on a directory', 'rename', to);
      if (existing.content.entries.size > 0) throw fileError('ENOTEMPTY', 'directory not empty', 'rename', to);
    }
    source.directory.delete(source.name);
    target.directory.set(target.name, node);
  }

  async remove(path: string): Promise<void> {
    const all = parts(path);
    const name = all.pop();
    if (name === undefined) throw fileError('EBUSY', 'resource busy or locked', 'rm', path);
    const parent = this.#find(`/${all.join('/')}`, true);
    if (parent?.content.type === 'directory') parent.content.entries.delete(name);
  }

  async chown(path: string, uid: number, gid: number): Promise<void> {
    const node = this.#lookup(path, 'chown', false);
    if (uid >= 0) node.uid = uid;
    if (gid >= 0) node.gid = gid;
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#lookup(path, 'chmod', true).mode = mode;
  }

  async readAt(path: string, offset: number, length: number): Promise<Bytes> {
    return bytesOf(this.#file(path, 'open').data).subarray(offset, offset + length);
  }

  async usage(path: string): Promise<{ readonly bytes: number; readonly inodes: number }> {
    const node = this.#find(path, false);
    const total = { bytes: 0, inodes: 0 };
    if (node !== undefined) addUsage(node, total);
    return total;
  }

  #node(content: Content, mode: number): MemoryNode {
    return { inode: this.#inodes++, mode, uid: 0, gid: 0, modifiedAt: this.#environment.now(), content };
  }

  #file(path: string, call: string): { data: Bytes | string } {
    const node = this.#lookup(path, call, true);
    if (node.content.type !== 'file') throw fileError('EISDIR', 'illegal operation on a directory', call, path);
    return node.content;
  }

  #parent(path: string, call: string): { readonly directory: Map<string, MemoryNode>; readonly name: string } {
    const all = parts(path);
    const name = all.pop();
    if (name === undefined) throw fileError('EISDIR', 'illegal operation on a directory', call, path);
    const parent = this.#find(`/${all.join('/')}`, true);
    if (parent === undefined) throw fileError('ENOENT', 'no such file or directory', call, path);
    if (parent.content.type !== 'directory') throw fileError('ENOTDIR', 'not a directory', call, path);
    return { directory: parent.content.entries, name };
  }

  #lookup(path: string, call: string, followLast: boolean): MemoryNode {
    const node = this.#find(path, followLast);
    if (node === undefined) throw fileError('ENOENT', 'no such file or directory', call, path);
    return node;
  }

  #follow(node: MemoryNode, path: string, call: string): MemoryNode {
    if (node.content.type !== 'link') return node;
    return this.#lookup(path, call, true);
  }

  /** Walks a path that has no links and no way back in it, as most have not. */
  #walk(path: readonly string[], followLast: boolean): MemoryNode | undefined | 'link' {
    let node = this.#root;
    for (const [at, part] of path.entries()) {
      if (part === '..') return 'link';
      if (node.content.type !== 'directory') return undefined;
      const next = node.content.entries.get(part);
      if (next === undefined) return undefined;
      if (next.content.type === 'link' && (followLast || at < path.length - 1)) return 'link';
      node = next;
    }
    return node;
  }

  /** Walks the path, resolving links; undefined where nothing is. */
  #find(path: string, followLast: boolean): MemoryNode | undefined {
    const pending = parts(path);
    const direct = this.#walk(pending, followLast);
    if (direct !== 'link') return direct;
    const walked: { readonly name: string; readonly node: MemoryNode }[] = [];
    let node = this.#root;
    let links = 0;
    for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
      if (part === '..') {
        walked.pop();
        node = walked.at(-1)?.node ?? this.#root;
        continue;
      }
      if (node.content.type !== 'directory') return undefined;
      const next = node.content.entries.get(part);
      if (next === undefined) return undefined;
      if (next.content.type === 'link' && (followLast || pending.length > 0)) {
        if (++links > maxLinks) throw fileError('ELOOP', 'too many symbolic links encountered', 'open', path);
        if (next.content.target.startsWith('/')) {
          walked.length = 0;
          node = this.#root;
        }
        pending.unshift(...parts(next.content.target));
        continue;
      }
      walked.push({ name: part, node: next });
      node = next;
    }
    return node;
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function bytesOf(data: Bytes | string): Bytes {
  return typeof data === 'string' ? encoder.encode(data) : data;
}

function textOf(data: Bytes | string): string {
  return typeof data === 'string' ? data : new TextDecoder().decode(data);
}

function sizeOf(data: Bytes | string): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.length;
}

function addUsage(node: MemoryNode, total: { bytes: number; inodes: number }): void {
  total.inodes++;
  if (node.content.type === 'file') total.bytes += sizeOf(node.content.data);
  if (node.content.type === 'directory') for (const entry of node.content.entries.values()) addUsage(entry, total);
}

/** An error as Node's file functions throw it. */
function fileError(code: string, words: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${words}, ${call} '${path}'`), { code, syscall: call, path });
}

async function* oneChunk(bytes: Bytes): AsyncIterable<Bytes> {
  yield bytes;
}
