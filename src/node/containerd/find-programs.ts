import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the programs of a container runtime are on this machine. */
export interface ContainerdPrograms {
  readonly containerd: string;
  readonly shim: string;
  readonly runc: string;
  readonly ctr: string;
  /** The folder of the CNI plugins. */
  readonly cniDirectory: string;
}

const programs = { containerd: 'containerd', shim: 'containerd-shim-runc-v2', runc: 'runc', ctr: 'ctr' } as const;

const cniFolders = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni', '/usr/local/lib/cni'];
/** The plugins that a pod network is made of. */
const cniPlugins = ['bridge', 'host-local', 'loopback'];

export interface ProgramSearch {
  /** As in the environment variable. */
  readonly path: string;
  readonly cniFolders?: readonly string[];
}

/** The programs, or the names of those that are missing. */
export async function findContainerdPrograms(
  search: ProgramSearch,
): Promise<{ readonly found: ContainerdPrograms } | { readonly missing: readonly string[] }> {
  const folders = [...search.path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'].filter((each) => each !== '');
  const found: Record<string, string> = {};
  const missing: string[] = [];
  for (const [key, name] of Object.entries(programs)) {
    const path = await firstExecutable(folders.map((folder) => join(folder, name)));
    if (path === undefined) missing.push(name);
    else found[key] = path;
  }
  const cniDirectory = await firstComplete(search.cniFolders ?? cniFolders);
  if (cniDirectory === undefined) missing.push('the CNI plugins');
  if (missing.length > 0) return { missing };
  return { found: { ...found, cniDirectory } as ContainerdPrograms };
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path;
  return undefined;
}

async function firstComplete(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const present = await Promise.all(cniPlugins.map((plugin) => isExecutable(join(folder, plugin))));
    if (present.every((each) => each)) return folder;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
