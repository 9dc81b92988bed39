import { type Dir, opendirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { OpenFiles } from '../host.ts';

export interface OpenFileCountOptions {
  readonly environment: Pick<Environment, 'turn'>;
  /** So many files are looked at in all. */
  readonly mostFiles?: number;
  /** Where the kernel shows processes. */
  readonly processTable?: string;
}

/** Some ten microseconds each. */
const mostFiles = 30_000;
/** So many at a time, before others have their turn. */
const filesAtOnce = 256;

/** Counts what processes have open, until there is too much of it. */
export class OpenFileCount {
  readonly #options: OpenFileCountOptions;
  readonly #table: string;
  #left: number;

  constructor(options: OpenFileCountOptions) {
    this.#options = options;
    this.#table = options.processTable ?? '/proc';
    this.#left = options.mostFiles ?? mostFiles;
  }

  /** Undefined: there are too many. What a process has that ends meanwhile is left out. */
  async of(pids: readonly number[]): Promise<OpenFiles | undefined> {
    const count = { files: 0, sockets: 0 };
    for (const pid of pids) if (!(await this.#add(count, join(this.#table, String(pid), 'fd')))) return undefined;
    return { ...count, limit: pids[0] === undefined ? undefined : this.#limit(pids[0]) };
  }

  /** Whether that was not too much. */
  async #add(count: { files: number; sockets: number }, folder: string): Promise<boolean> {
    const files = unlessEnded(() => opendirSync(folder, { bufferSize: filesAtOnce }));
    if (files === undefined) return true;
    try {
      for (let name = nextOf(files); name !== undefined; name = nextOf(files)) {
        if (this.#left-- <= 0) return false;
        if (this.#left % filesAtOnce === 0) await this.#options.environment.turn();
        count.files++;
        // What was closed meanwhile was open when it was counted.
        if (unlessEnded(() => readlinkSync(join(folder, name)))?.startsWith('socket:')) count.sockets++;
      }
      return true;
    } finally {
      files.closeSync();
    }
  }

  #limit(pid: number): number | undefined {
    const limits = unlessEnded(() => readFileSync(join(this.#table, String(pid), 'limits'), 'utf8')) ?? '';
    const [, soft] = /^Max open files +(\S+)/m.exec(limits) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft === undefined ? undefined : Number(soft);
  }
}

function nextOf(folder: Dir): string | undefined {
  return unlessEnded(() => folder.readSync())?.name;
}

/** Processes that have ended show nothing, and neither do those of others where we are not root. */
function unlessEnded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
