import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';

/** Names a file without opening it for anything; Node.js has no name for this flag of Linux. */
const O_PATH = 0o10_000_000;

/**
 * Opens what is at a path below a root, one part after the other, each from the open one before: whoever exchanges a directory for a
 * link meanwhile changes nothing. Throws an `Error` when a part is a link or not there; `make`: missing directories are made with this mode.
 */
export async function openWithin(root: string, path: string, make?: number): Promise<fs.FileHandle> {
  let at = await fs.open(root, O_PATH | constants.O_DIRECTORY);
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      await at.close();
      throw new Error(`the path ${path} leads out of ${root}`);
    }
    const parent = at;
    try {
      at = await next(parent, part, make);
    } catch (cause) {
      throw new Error(`cannot open ${path} below ${root}: ${(cause as Error).message}`, { cause });
    } finally {
      await parent.close();
    }
  }
  return at;
}

async function next(parent: fs.FileHandle, name: string, make: number | undefined): Promise<fs.FileHandle> {
  const path = `/proc/self/fd/${parent.fd}/${name}`;
  const made = make !== undefined && (await makeDirectory(path));
  const child = await fs.open(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if ((await child.stat()).isSymbolicLink()) throw new Error(`${name} is a link`);
    // What a process may create is limited by its umask, what it may set is not.
    if (made && make !== undefined) await fs.chmod(`/proc/self/fd/${child.fd}`, make);
    return child;
  } catch (error) {
    await child.close();
    throw error;
  }
}

/** Answers whether it was missing. */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await fs.mkdir(path, 0o700);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
