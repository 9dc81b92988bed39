import { formatMicroTime } from '../../machinery/time.ts';
import type { Files } from '../host/host.ts';
import type { Payload, PayloadFile } from './payload.ts';

const dataLink = '..data';
const newDataLink = '..data_tmp';

/**
 * Writes the files of a volume so that a reader sees all of the old ones or all of the new: they go into a directory of their own, to
 * which the link `..data` is then renamed; what the reader opens are links through it. Answers whether anything changed.
 */
export async function writeAtomically(
  files: Files,
  directory: string,
  payload: Payload,
  now: number,
  /** Gives the new directory to its owner before anyone sees it. */
  own: (path: string) => Promise<void>,
): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const current = await linkTarget(files, `${directory}/${dataLink}`);
  if (current !== undefined && (await isSame(files, `${directory}/${current}`, payload))) {
    await link(files, directory, payload);
    return false;
  }
  const fresh = await freshName(files, directory, now);
  const target = `${directory}/${fresh}`;
  await files.makeDirectory(target, 0o755);
  for (const [path, file] of payload) await writeFile(files, `${target}/${path}`, file);
  await own(target);
  await files.remove(`${directory}/${newDataLink}`);
  await files.symlink(fresh, `${directory}/${newDataLink}`);
  await files.rename(`${directory}/${newDataLink}`, `${directory}/${dataLink}`);
  await link(files, directory, payload);
  await removeStale(files, directory, payload, fresh);
  return true;
}

async function writeFile(files: Files, path: string, { data, mode, user }: PayloadFile): Promise<void> {
  await files.makeDirectory(path.slice(0, path.lastIndexOf('/')), 0o755);
  await files.write(path, data, mode);
  // What a process may create is limited by its umask, what it may set is not.
  await files.chmod(path, mode);
  if (user !== undefined) await files.chown(path, user, -1);
}

/** As the kubelet names them, so that tools that know the pattern do. */
async function freshName(files: Files, directory: string, now: number): Promise<string> {
  const base = `..${formatMicroTime(now).replace('Z', '').replaceAll(/[-T:]/g, '_')}`;
  for (let number = 0; ; number++) {
    const name = `${base}${String(number).padStart(3, '0')}`;
    if ((await files.stat(`${directory}/${name}`)) === undefined) return name;
  }
}

async function isSame(files: Files, directory: string, payload: Payload): Promise<boolean> {
  const present = await walk(files, directory, '');
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const wanted = payload.get(path);
    if (wanted === undefined) return false;
    const data = await files.read(`${directory}/${path}`);
    if (Buffer.compare(data, bytesOf(wanted.data)) !== 0) return false;
  }
  return true;
}

async function walk(files: Files, directory: string, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.list(`${directory}/${prefix}`).catch(() => [])) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const stat = await files.stat(`${directory}/${path}`);
    if (stat?.type === 'directory') found.push(...(await walk(files, directory, path)));
    else found.push(path);
  }
  return found;
}

/** What the reader sees: a link for each first part of a path. */
async function link(files: Files, directory: string, payload: Payload): Promise<void> {
  for (const name of visibleNames(payload)) {
    if ((await linkTarget(files, `${directory}/${name}`)) === undefined)
      await files.symlink(`${dataLink}/${name}`, `${directory}/${name}`);
  }
}

async function linkTarget(files: Files, path: string): Promise<string | undefined> {
  const stat = await files.stat(path);
  return stat?.type === 'link' ? files.readLink(path) : undefined;
}

async function removeStale(files: Files, directory: string, payload: Payload, current: string): Promise<void> {
  const visible = visibleNames(payload);
  for (const name of await files.list(directory)) {
    if (name === dataLink || name === current || visible.has(name)) continue;
    // A folder in which a container has another volume stays.
    const isOurs = name.startsWith('..') || (await linkTarget(files, `${directory}/${name}`)) !== undefined;
    if (isOurs) await files.remove(`${directory}/${name}`);
  }
}

function visibleNames(payload: Payload): ReadonlySet<string> {
  return new Set([...payload.keys()].map((path) => path.split('/', 1)[0] ?? path));
}

function checkPath(path: string): void {
  if (path === '') throw new Error('invalid path: must not be empty: ""');
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`);
  if (path.length > 4096) throw new Error('invalid path: must be less than or equal to 4096 characters');
  const parts = path.split('/');
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (parts.some((part) => part.length > 255))
    throw new Error('invalid path: filenames must be less than or equal to 255 characters');
  if (path.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
}

function bytesOf(data: PayloadFile['data']): Uint8Array<ArrayBufferLike> {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
