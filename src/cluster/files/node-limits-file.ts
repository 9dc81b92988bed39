import { join } from 'node:path';
import type { NodeLimits } from '../../node/node-limits.ts';
import type { DataDirectory } from './data-directory.ts';

const format = 1;

function fileOf(directory: DataDirectory): string {
  return join(directory.path, 'node-limits.json');
}

/** What was last asked for on this machine; nothing where that was nothing. Throws `DataDirectoryError` for a file that is damaged or newer. */
export function readNodeLimits(directory: DataDirectory): NodeLimits {
  const { format: _, ...limits } = directory.readFormat<NodeLimits>(fileOf(directory), format) ?? { format };
  return limits;
}

export function writeNodeLimits(directory: DataDirectory, limits: NodeLimits): void {
  directory.write(fileOf(directory), `${JSON.stringify({ format, ...limits }, undefined, 2)}\n`);
}
