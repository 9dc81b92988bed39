import { existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { clusterOf, startedPlaces } from '../../cluster/server/local-places.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';

/** `stuurman logs`. */
export async function logs(options: {
  readonly dataDir?: string;
  readonly follow?: boolean;
  readonly part?: 'server' | 'agent';
}): Promise<void> {
  const environment = new RealEnvironment();
  const directory = dataDirectoryOf(options);
  clusterOf(directory);
  const files = [
    ...(options.part === 'agent' ? [] : [join(directory.logs, 'server.log')]),
    ...(options.part === 'server' ? [] : startedPlaces(directory).map(({ logFile }) => logFile)),
  ].map((path) => new Tail(path));
  do {
    for (const file of files) file.print();
    if (options.follow === true) await environment.sleep(200);
  } while (options.follow === true);
}

/** A log file as it grows; one that was begun anew is read from its start. */
class Tail {
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  print(): void {
    if (!existsSync(this.#path)) return;
    const { size } = statSync(this.#path);
    if (size < this.#offset) this.#offset = 0;
    const descriptor = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(64 * 1024);
    for (let read = 1; read > 0; this.#offset += read) {
      read = readSync(descriptor, buffer, 0, buffer.length, this.#offset);
      process.stdout.write(buffer.subarray(0, read));
    }
  }
}
