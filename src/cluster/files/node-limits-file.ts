import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeLimits } from '../../node/node-limits.ts';
import { type DataDirectory, DataDirectoryError } from './data-directory.ts';

const format = 1;

function fileOf(directory: DataDirectory): string {
  return join(directory.path, 'node-limits.json');
}

/** What was last asked for on this machine; nothing where that was nothing. Throws `DataDirectoryError` for a file that is damaged or newer. */
export function readNodeLimits(directory: DataDirectory): NodeLimits {
  const file = fileOf(directory);
  if (!existsSync(file)) return {};
  const { format: found, ...limits } = directory.readJson(file) as NodeLimits & { readonly format: number };
  if (found > format) {
    throw new DataDirectoryError(
      `${file} has format ${found}, and this version of Stuurman reads up to ${format}: use the version that wrote it, or a newer one`,
    );
  }
  return limits;
}

export function writeNodeLimits(directory: DataDirectory, limits: NodeLimits): void {
  directory.write(fileOf(directory), `${JSON.stringify({ format, ...limits }, undefined, 2)}\n`);
}
