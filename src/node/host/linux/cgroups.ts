import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEnded } from '../../../machinery/all-ended.ts';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { CgroupLimits, Ledger } from '../host.ts';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';
import { settingsV1, settingsV2 } from './cgroup-settings.ts';

/** For how long a cgroup may refuse to go: killed processes leave it only when the kernel has taken them down. */
const removalPatienceMs = 10_000;

/** The cgroups of pods, on every hierarchy of v1 or the one of v2. A path is absolute within the hierarchies: `/stuurman-1a2b/pod77`. */
export class Cgroups {
  readonly #environment: Environment;
  readonly #ledger: Ledger;
  readonly #hierarchies: readonly CgroupHierarchy[];

  constructor(environment: Environment, ledger: Ledger, hierarchies: readonly CgroupHierarchy[]) {
    this.#environment = environment;
    this.#ledger = ledger;
    this.#hierarchies = hierarchies;
  }

  /** Makes the cgroup where it is missing, with its parents, and sets the limits. A parent that was there before us is not ours to remove. */
  async ensure(path: string, limits: CgroupLimits): Promise<void> {
    checkPath(path);
    const version = cgroupVersion(this.#hierarchies);
    const hierarchies = this.#hierarchies.filter((each) => each.version === version);
    for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      const parent = path.slice(0, end);
      if (!(await existsIn(hierarchies, parent))) await this.#ledger.add({ type: 'cgroup', path: parent });
    }
    await this.#ledger.add({ type: 'cgroup', path });
    // Version 1 has a dozen hierarchies, and the kernel takes its time for each.
    await allEnded(hierarchies.map((hierarchy) => ensureIn(hierarchy, path, limits)));
  }

  async remove(path: string): Promise<void> {
    checkPath(path);
    for (const hierarchy of this.#hierarchies) await this.#removeFrom(join(hierarchy.path, path), hierarchy.version);
    await this.#ledger.remove({ type: 'cgroup', path });
  }

  async #removeFrom(folder: string, version: 1 | 2): Promise<void> {
    const deadline = this.#environment.monotonic() + removalPatienceMs;
    for (let waitMs = 5; ; waitMs = Math.min(200, waitMs * 2)) {
      const below = await foldersBelow(folder);
      if (below.length === 0) return;
      if (version === 2) await fs.writeFile(join(folder, 'cgroup.kill'), '1').catch(() => {});
      for (const each of below) await killAll(each);
      if (await removeFolders(below)) return;
      if (this.#environment.monotonic() > deadline) {
        throw new Error(`the cgroup ${folder} cannot be removed: its processes do not end`);
      }
      await this.#environment.sleep(waitMs);
    }
  }
}

function checkPath(path: string): void {
  if (!/^(\/[^/]+)+$/.test(path) || path.split('/').some((part) => part === '.' || part === '..')) {
    throw new Error(`"${path}" is not the path of a cgroup below the root`);
  }
}

async function ensureIn({ path: root, version, controllers }: CgroupHierarchy, path: string, limits: CgroupLimits) {
  const folder = join(root, path);
  if (version === 2) await enableControllers(root, path);
  await fs.mkdir(folder, { recursive: true });
  if (controllers.includes('cpuset'))
    await allEnded(['cpuset.cpus', 'cpuset.mems'].map((file) => inheritCpuset(root, folder, file)));
  const settings =
    version === 2 ? settingsV2(limits) : controllers.flatMap((controller) => settingsV1(controller, limits));
  for (const [file, value] of settings) await set(join(folder, file), value);
}

async function existsIn(hierarchies: readonly CgroupHierarchy[], path: string): Promise<boolean> {
  for (const hierarchy of hierarchies) {
    if (await fs.stat(join(hierarchy.path, path)).catch(() => undefined)) return true;
  }
  return false;
}

async function set(file: string, value: string): Promise<void> {
  try {
    await fs.writeFile(file, value);
  } catch (cause) {
    throw new Error(`cannot write ${value} to ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** In v2 a cgroup has the controllers that each of its parents hands down. */
async function enableControllers(root: string, path: string): Promise<void> {
  const available = words(await fs.readFile(join(root, 'cgroup.controllers'), 'utf8'));
  const parents = path.split('/').slice(1, -1);
  for (let depth = 0; depth <= parents.length; depth++) {
    const folder = join(root, ...parents.slice(0, depth));
    await fs.mkdir(folder, { recursive: true });
    const file = join(folder, 'cgroup.subtree_control');
    const enabled = words(await fs.readFile(file, 'utf8').catch(() => ''));
    const missing = available.filter((controller) => !enabled.includes(controller));
    if (missing.length > 0) await set(file, missing.map((controller) => `+${controller}`).join(' '));
  }
}

/** In v1 a new cpuset is empty, and nothing may run in it: it gets what the nearest one above has. Answers what is in the file then. */
async function inheritCpuset(root: string, folder: string, file: string): Promise<string> {
  const own = await fs.readFile(join(folder, file), 'utf8').catch(() => '');
  if (own.trim() !== '' || folder === root) return own;
  const above = await inheritCpuset(root, dirname(folder), file);
  await set(join(folder, file), above);
  return above;
}

/** The folder and all below it, deepest first; none when it does not exist. */
async function foldersBelow(folder: string): Promise<readonly string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return [];
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) found.push(...(await foldersBelow(join(folder, entry.name))));
  }
  return [...found, folder];
}

async function killAll(folder: string): Promise<void> {
  const text = await fs.readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of words(text).map(Number)) {
    // 0 stands for a process that our pid namespace does not see.
    if (pid <= 0) continue;
    if (pid === process.pid) throw new Error(`this process itself is in the cgroup ${folder}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

async function removeFolders(deepestFirst: readonly string[]): Promise<boolean> {
  for (const folder of deepestFirst) {
    try {
      await fs.rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
      if (code !== 'ENOENT') throw error;
    }
  }
  return true;
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
