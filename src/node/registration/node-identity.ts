import { join } from 'node:path';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import type { Files } from '../host/host.ts';

/** On a Node: which machine it is, whatever that is called. Two machines of one name would take each other's pods. */
export const nodeIdAnnotation = 'stuurman.dev/node-id';

/** The id of the node whose files are in a directory; made at its first start. */
export async function ensureNodeId(
  files: Pick<Files, 'read' | 'write' | 'makeDirectory'>,
  environment: Pick<Environment, 'id'>,
  directory: string,
): Promise<string> {
  const path = join(directory, 'node-id');
  try {
    return Buffer.from(await files.read(path))
      .toString('utf8')
      .trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const id = environment.id();
  await files.makeDirectory(directory, 0o700);
  await files.write(path, `${id}\n`, 0o600);
  return id;
}

/**
 * Why a machine may not be the node that the API has, in words; undefined when it may. The name of one that is not ready is free: its
 * machine was lost, or made anew.
 */
export function nameProblem({ metadata, status }: Node, nodeId: string): string | undefined {
  const other = metadata.annotations?.[nodeIdAnnotation];
  if (other === undefined || nodeId === '' || other === nodeId) return undefined;
  if (!isConditionTrue(status?.conditions, 'Ready')) return undefined;
  const addresses = (status?.addresses ?? []).flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : []));
  return `another machine (${addresses.join(', ') || 'of unknown address'}) is the node ${metadata.name} of this cluster, and ready: give this one another name with --node-name, or remove that node first ("stuurman node remove ${metadata.name}" on the server)`;
}
