import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DataDirectory } from '../files/data-directory.ts';
import type { NodePlace } from '../server/node-place.ts';

/** What this machine is to a cluster whose server is elsewhere. */
export interface JoinedFile {
  readonly clusterId: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly nodeName: string;
  /** URLs as they were given, by address or by name; those that the cluster tells are in the identity's kubeconfig. */
  readonly servers: readonly string[];
}

const format = 1;

/** Undefined where this machine has joined no cluster. Throws `DataDirectoryError` for a file that is damaged or newer. */
export function readJoined(directory: DataDirectory): JoinedFile | undefined {
  return directory.readFormat<JoinedFile>(directory.joinedFile, format);
}

export function writeJoined(directory: DataDirectory, joined: JoinedFile): void {
  directory.write(directory.joinedFile, `${JSON.stringify({ format, ...joined }, undefined, 2)}\n`);
}

/** Where the node proves itself from; beside the node, for it outlives what runs. */
export function identityDirectory(directory: DataDirectory): string {
  return join(directory.path, 'identity');
}

/** The node's name is in the names of what it makes, so that it may share a machine with others of its cluster. */
export function joinedPlace(directory: DataDirectory, { clusterId, nodeName }: JoinedFile): NodePlace {
  const suffix = `${clusterId}-j${createHash('sha256').update(nodeName).digest('hex').slice(0, 6)}`;
  return {
    index: 1,
    name: nodeName,
    directory: directory.node,
    ledgerFile: join(directory.node, 'ledger.json'),
    logFile: join(directory.logs, 'agent.log'),
    runDirectory: `/run/stuurman-${suffix}`,
    cgroupRoot: `/stuurman-${suffix}`,
    certificates: 'node',
  };
}
