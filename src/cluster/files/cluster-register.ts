import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterIdentity, readIdentity } from './cluster-identity.ts';
import { DataDirectory } from './data-directory.ts';

interface Entry {
  /** Its data directory. */
  readonly directory: string;
  readonly podRange: string;
  readonly serviceRange: string;
}

/** Ranges of another cluster of this machine. */
export interface ForeignRanges {
  readonly directory: string;
  readonly ranges: readonly string[];
}

/**
 * The clusters with real nodes on one machine, so that each keeps to ranges of its own also while another is down: no route tells of
 * the range of services. An entry whose data directory is gone does not count, and goes.
 */
export class ClusterRegister {
  readonly #path: string;

  constructor(path = '/var/lib/stuurman-clusters') {
    this.#path = path;
  }

  /** What the other clusters of this machine have; of entries that cannot be read nothing is known. */
  others(than: DataDirectory): readonly ForeignRanges[] {
    return this.#entries().flatMap(([id, { directory, podRange, serviceRange }]) => {
      if (directory === than.path) return [];
      if (isGone(id, directory)) {
        this.#remove(id);
        return [];
      }
      return [{ directory, ranges: [podRange, serviceRange] }];
    });
  }

  /** The identity of the cluster in this directory, also where its own file is damaged. Throws what that file's reader says. */
  identityOf(directory: DataDirectory): Pick<ClusterIdentity, 'id' | 'podRange' | 'serviceRange'> {
    try {
      return readIdentity(directory);
    } catch (error) {
      const found = this.#entries().find(([, entry]) => entry.directory === directory.path);
      if (found === undefined) throw error;
      const [id, { podRange, serviceRange }] = found;
      return { id, podRange, serviceRange };
    }
  }

  enter({ path }: DataDirectory, { id, podRange, serviceRange }: ClusterIdentity): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o755 });
    const entry: Entry = { directory: path, podRange, serviceRange };
    const file = join(this.#path, `${id}.json`);
    writeFileSync(`${file}.new`, `${JSON.stringify(entry)}\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
  }

  leave({ path }: DataDirectory): void {
    for (const [id, { directory }] of this.#entries()) if (directory === path) this.#remove(id);
  }

  #entries(): readonly (readonly [id: string, entry: Entry])[] {
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

  #remove(id: string): void {
    rmSync(join(this.#path, `${id}.json`), { force: true });
  }
}

/** Whether this cluster is no more. One whose file is damaged may still be mended. */
function isGone(id: string, directory: string): boolean {
  const { clusterFile } = new DataDirectory(directory);
  if (!existsSync(clusterFile)) return true;
  try {
    return (JSON.parse(readFileSync(clusterFile, 'utf8')) as ClusterIdentity).id !== id;
  } catch {
    return false;
  }
}
