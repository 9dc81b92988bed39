import { join } from 'node:path';
import type { DataDirectory } from '../files/data-directory.ts';
import { notedProcess, thisProcess } from '../server/running-server.ts';

function fileOf(directory: DataDirectory): string {
  return join(directory.path, 'join.json');
}

/** Notes that this process keeps the node of a directory; answers how to strike that out. */
export function writeJoinProcess(directory: DataDirectory): () => void {
  directory.write(fileOf(directory), `${JSON.stringify(thisProcess())}\n`);
  return () => directory.remove(fileOf(directory));
}

/** The process that keeps the node of a directory; undefined when none does. */
export function runningJoin(directory: DataDirectory): number | undefined {
  return notedProcess(directory, fileOf(directory), 'join')?.pid;
}
