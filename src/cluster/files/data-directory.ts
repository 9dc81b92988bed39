import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A problem with the data directory that a user can mend; the message says how. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/** Where a cluster keeps its things unless told otherwise: `/var/lib/stuurman` for root, the XDG state folder for others. */
export function defaultDataDirectory(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string {
  if (isRoot) return '/var/lib/stuurman';
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'stuurman');
}

/** The files of one cluster on this machine, by name. Nothing is read or made before it is asked for. */
export class DataDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Makes the directory, readable for its owner alone. Throws `DataDirectoryError`. */
  create(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      accessSync(this.path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataDirectoryError(
        `the data directory ${this.path} cannot be used (${reason}): choose another one with --data-dir, or make this one writable`,
        { cause: error },
      );
    }
  }

  /** Throws `DataDirectoryError` when somebody else's things are in it, and no cluster: `down --purge` would remove them. */
  refuseForeign(): void {
    if (!existsSync(this.path) || this.exists || existsSync(this.joinedFile)) return;
    if (!statSync(this.path).isDirectory())
      throw new DataDirectoryError(`${this.path} is no directory: give another one with --data-dir`);
    const foreign = readdirSync(this.path).find((name) => !ownNames.test(name));
    if (foreign === undefined) return;
    throw new DataDirectoryError(
      `${this.path} holds no cluster, but other things (${foreign}): give an empty directory with --data-dir, or one that is not there yet`,
    );
  }

  get exists(): boolean {
    return existsSync(this.clusterFile);
  }

  get clusterFile(): string {
    return join(this.path, 'cluster.json');
  }

  /** Of which cluster this machine is a node, where the server is elsewhere. */
  get joinedFile(): string {
    return join(this.path, 'joined.json');
  }

  get stateFile(): string {
    return join(this.path, 'state.db');
  }

  /** Which server process runs, and where it listens. */
  get serverFile(): string {
    return join(this.path, 'server.json');
  }

  /** What the server has made on this machine: the agent's process. */
  get ledgerFile(): string {
    return join(this.path, 'ledger.json');
  }

  get kubeconfig(): string {
    return join(this.path, 'admin.kubeconfig');
  }

  get pki(): string {
    return join(this.path, 'pki');
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  /** Everything of the node on this machine: agent, containerd, pods. */
  get node(): string {
    return join(this.path, 'node');
  }

  /** Throws `DataDirectoryError` with this advice where the file holds no JSON. */
  readJson(file: string, advice = 'restore it from a backup, or run "stuurman down --purge" to begin anew'): unknown {
    const text = readFileSync(file, 'utf8');
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new DataDirectoryError(`${file} is damaged: ${advice}`, { cause: error });
    }
  }

  /** What a file holds that names its format; undefined where there is none. Throws `DataDirectoryError` for one that is damaged or newer. */
  readFormat<T>(file: string, newest: number): (T & { readonly format: number }) | undefined {
    if (!existsSync(file)) return undefined;
    const found = this.readJson(file) as T & { readonly format: number };
    if (found.format > newest) {
      throw new DataDirectoryError(
        `${file} has format ${found.format}, and this version of Stuurman reads up to ${newest}: use the version that wrote it, or a newer one`,
      );
    }
    return found;
  }

  /** Removes the directory if nothing is left in it. */
  removeIfEmpty(): void {
    if (existsSync(this.path) && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }

  /** Removes all of it. A file system that is mounted in its place stays, empty. */
  purge(): void {
    for (const name of existsSync(this.path) ? readdirSync(this.path) : [])
      rmSync(join(this.path, name), { recursive: true, force: true });
    try {
      rmSync(this.path, { recursive: true, force: true });
    } catch (error) {
      if (!isMountPoint(this.path)) throw error;
    }
  }

  remove(file: string): void {
    rmSync(file, { force: true });
  }

  /** Writes beside and renames over, so that a crash, or a loss of power, leaves the old file or the new one. What is there already stays. */
  write(file: string, content: string, mode = 0o600): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (existsSync(file) && readFileSync(file, 'utf8') === content) return;
    const temporary = `${file}.new`;
    writeFileSync(temporary, content, { mode, flush: true });
    renameSync(temporary, file);
  }
}

/** What may be there before the first start: what an earlier one left, what administrators put there for a node, what file systems have. */
const ownNames =
  /^(admin\.kubeconfig|cache|identity|images-ledger\.json|join\.json|ledger\.json|logs|lost\+found|node|node-limits\.json|nodes|nodes\.json|pki|server\.json|state\.db(-.*)?|up\.log|volumes|.*\.new)$/;

function isMountPoint(path: string): boolean {
  return statSync(path).dev !== statSync(dirname(path)).dev;
}
