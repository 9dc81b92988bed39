import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { defaultEviction, type EvictionConfig } from '../../node/eviction/eviction-config.ts';
import { readHostInfo } from '../../node/host/linux/host-info.ts';
import { reservationProblem } from '../../node/machine.ts';
import { limitsConfig, type NodeLimitFlags, type NodeLimits, withFlags } from '../../node/node-limits.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { readNodeLimits } from '../files/node-limits-file.ts';

/** The machine is somebody's own, whose disk is fuller than a server's: its pods are not ended for that. */
const fullDisk = { 'nodefs.available': '5%', 'imagefs.available': '5%' } as const;
const usualEviction: EvictionConfig = { ...defaultEviction, hard: { ...defaultEviction.hard, ...fullDisk } };

/** The limits of a node of a person's machine. */
export function agentLimits(limits: NodeLimits | undefined) {
  return limitsConfig(limits ?? {}, { eviction: usualEviction });
}

/**
 * The limits of the nodes of this machine: those that a data directory has, changed by what is given now. Nothing is written. Throws an
 * `Error` that names the flag, or the resource of which more is to be kept than there is.
 */
export async function decideLimits(
  directory: DataDirectory,
  flags: NodeLimitFlags,
  realNode: boolean,
): Promise<NodeLimits> {
  const limits = withFlags(readNodeLimits(directory), flags, { eviction: usualEviction });
  if (!realNode) return limits;
  let present = directory.path;
  while (!existsSync(present)) present = dirname(present);
  const problem = reservationProblem(await readHostInfo(present), agentLimits(limits));
  if (problem !== undefined) throw new Error(problem);
  return limits;
}
