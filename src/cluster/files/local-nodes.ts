import { join } from 'node:path';
import type { DataDirectory } from './data-directory.ts';

/** A node of this machine. */
export interface LocalNode {
  /** 1 is in the machine's own network, the others have one of their own. Never given again while it is taken. */
  readonly index: number;
  readonly name: string;
}

/** The nodes that a cluster has on its server's machine. */
export interface LocalNodes {
  readonly nodes: readonly LocalNode[];
  /** Addresses of the nodes that have a network of their own; undefined while there is none. */
  readonly range?: string | undefined;
}

/** As many as there are names for links, which may have 15 characters. */
export const mostLocalNodes = 64;

const format = 1;

function fileOf(directory: DataDirectory): string {
  return join(directory.path, 'nodes.json');
}

/** Undefined before the first start. Throws `DataDirectoryError` for a file that is damaged or newer. */
export function readLocalNodes(directory: DataDirectory): LocalNodes | undefined {
  return directory.readFormat<LocalNodes>(fileOf(directory), format);
}

export function writeLocalNodes(directory: DataDirectory, nodes: LocalNodes): void {
  directory.write(fileOf(directory), `${JSON.stringify({ format, ...nodes }, undefined, 2)}\n`);
}

/**
 * The nodes that there should be: those that are known, and new ones up to the number asked for. None is given up for a smaller number, for
 * pods and their volumes are on it.
 */
export function decideLocalNodes(
  known: readonly LocalNode[],
  machineName: string,
  wanted: number | undefined,
): readonly LocalNode[] {
  const nodes = [...known];
  const first = known.find(({ index }) => index === 1)?.name ?? machineName;
  const taken = new Set(known.map(({ index }) => index));
  for (let index = 1; nodes.length < Math.max(1, wanted ?? 0); index++) {
    if (taken.has(index)) continue;
    nodes.push({ index, name: index === 1 ? first : `${first}-${index}` });
  }
  return nodes.sort((a, b) => a.index - b.index);
}
