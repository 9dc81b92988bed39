import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from '../files/data-directory.ts';
import { isRunning, type NamedProcess, thisProcess } from '../server/running-server.ts';

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
  const file = fileOf(directory);
  if (!existsSync(file)) return undefined;
  const found = directory.readJson(file) as NamedProcess;
  return isRunning(found, 'join') ? found.pid : undefined;
}
