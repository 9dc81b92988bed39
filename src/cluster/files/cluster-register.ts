import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import { type ClusterIdentity, readIdentity } from './cluster-identity.ts';
import { DataDirectory } from './data-directory.ts';

interface Entry {
  /** Its data directory. */
  readonly directory: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** Of nodes that have a network of their own on this machine. */
  readonly nodeRange?: string | undefined;
  /** Of a cluster whose server is elsewhere. */
  readonly joined?: boolean;
}

type Ranges = Pick<ClusterIdentity, 'id' | 'podRange' | 'serviceRange'>;

/** Choosing takes a moment; somebody who takes longer hangs. */
const patienceMs = 10_000;
const askAgainMs = 20;

/** Ranges of another cluster of this machine. */
export interface ForeignRanges {
  readonly id: string;
  readonly directory: string;
  readonly ranges: readonly string[];
}

/**
 * The clusters with real nodes on one machine, those included that it has joined, so that each keeps to ranges of its own also while another
 * is down: no route tells of the range of services. An entry whose data directory is gone does not count, and goes.
 */
export class ClusterRegister {
  readonly #path: string;

  constructor(path = '/var/lib/stuurman-clusters') {
    this.#path = path;
  }

  /**
   * Nobody else on this machine chooses at that time. Throws when somebody does for too long. The kernel has a name for the one who does, which
   * goes with his process; each network has names of its own.
   */
  async exclusively<T>(environment: Environment, choose: () => T): Promise<T> {
    const deadline = environment.monotonic() + patienceMs;
    for (;;) {
      const release = await takeName(`\0stuurman${this.#path}`);
      if (release !== undefined) {
        try {
          return choose();
        } finally {
          release();
        }
      }
      if (environment.monotonic() > deadline)
        throw new Error('another cluster of this machine has been choosing its addresses for too long: try again');
      await environment.sleep(askAgainMs);
    }
  }

  /** What the other clusters of this machine have; of entries that cannot be read nothing is known. */
  others(than: DataDirectory): readonly ForeignRanges[] {
    return this.#entries().flatMap(([name, entry]) => {
      const { directory, podRange, serviceRange, nodeRange } = entry;
      if (directory === than.path) return [];
      const id = idOf(name);
      if (isGone(id, entry)) {
        this.#remove(name);
        return [];
      }
      return [{ id, directory, ranges: [podRange, serviceRange, ...(nodeRange === undefined ? [] : [nodeRange])] }];
    });
  }

  /** The identity of the cluster in this directory, also where its own file is damaged. Throws what that file's reader says. */
  identityOf(directory: DataDirectory): Ranges {
    try {
      return readIdentity(directory);
    } catch (error) {
      const found = this.#entries().find(([, entry]) => entry.directory === directory.path);
      if (found === undefined) throw error;
      const [name, { podRange, serviceRange }] = found;
      return { id: idOf(name), podRange, serviceRange };
    }
  }

  /** `nodeRange`: that of its entry stays unless there is another one. */
  enter({ path }: DataDirectory, { id, podRange, serviceRange }: Ranges, nodeRange?: string): void {
    const known = this.#entries().find(([name]) => name === id)?.[1].nodeRange;
    this.#write(id, { directory: path, podRange, serviceRange, nodeRange: nodeRange ?? known });
  }

  /** Enters a cluster whose server is elsewhere; it may have several nodes on this machine, and its server, too. */
  enterJoined({ path }: DataDirectory, { id, podRange, serviceRange }: Ranges): void {
    const place = createHash('sha256').update(path).digest('hex').slice(0, 8);
    this.#write(`${id}-${place}`, { directory: path, podRange, serviceRange, joined: true });
  }

  #write(name: string, entry: Entry): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o755 });
    const file = join(this.#path, `${name}.json`);
    writeFileSync(`${file}.new`, `${JSON.stringify(entry)}\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
  }

  leave({ path }: DataDirectory): void {
    for (const [name, { directory }] of this.#entries()) if (directory === path) this.#remove(name);
  }

  #entries(): readonly (readonly [name: string, entry: Entry])[] {
    if (!existsSync(this.#path)) return [];
    return readdirSync(this.#path)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        try {
          const entry = JSON.parse(readFileSync(join(this.#path, name), 'utf8')) as Entry;
          return [[name.slice(0, -'.json'.length), entry] as const];
        } catch {
          return [];
        }
      });
  }

  #remove(name: string): void {
    rmSync(join(this.#path, `${name}.json`), { force: true });
  }
}

/** Answers what gives the name back; undefined when somebody has it. Where there are no such names, everybody gets each. */
function takeName(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE' ? undefined : () => {}));
    server.listen(name, () => resolve(() => void server.close()));
  });
}

/** The name of an entry begins with the cluster's id. */
function idOf(name: string): string {
  return name.split('-')[0] ?? '';
}

/** Whether this cluster is no more. One whose file is damaged may still be mended. */
function isGone(id: string, { directory, joined = false }: Entry): boolean {
  const place = new DataDirectory(directory);
  const file = joined ? place.joinedFile : place.clusterFile;
  if (!existsSync(file)) return true;
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { readonly id?: string; readonly clusterId?: string };
    return (joined ? found.clusterId : found.id) !== id;
  } catch {
    return false;
  }
}
