import type { Client } from '../../client/client.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { type Drained, type DrainRequest, drainNode } from './drain-node.ts';
import { removableLocalNode, removeLocalNode } from './remove-local-node.ts';

export interface RemoveRequest extends DrainRequest {
  /** Of the server: the nodes of its machine are taken down with their removal. */
  readonly directory: DataDirectory;
}

export interface Removed extends Drained {
  /** Whether what the node had on its machine was taken down. */
  readonly takenDown: boolean;
}

/** On a Node: `asked` by whoever removes it, `begun` by its agent, which takes everything of the node down. */
export const leaveAnnotation = 'stuurman.dev/leave';

const lookEveryMs = 200;
const answerPatienceMs = 30_000;

/** The Node of this name. Throws an `Error` that says where names are found. */
export async function existingNode(client: Client, name: string): Promise<Node> {
  try {
    return await client.get(nodes, { name });
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    throw new Error(`the cluster has no node ${name}: "stuurman status" lists its nodes`, { cause: error });
  }
}

/**
 * Drains a node, takes down what it has on its machine, and deletes its Node. `force`: also one that does not answer, whose pods may still
 * run. Throws an `Error` that says how far it came.
 */
export async function removeNode(request: RemoveRequest): Promise<Removed> {
  const { client, environment, directory, nodeName, force, timeoutMs } = request;
  const local = removableLocalNode(directory, nodeName) !== undefined;
  const { status } = await existingNode(client, nodeName);
  const answers = isConditionTrue(status?.conditions, 'Ready');
  if (!answers && !force) {
    throw new Error(
      `the node ${nodeName} does not answer, and its pods may still run there: bring it back and remove it then, or give --force if its machine is gone for good`,
    );
  }
  const drained = answers ? await drainNode(request) : { evicted: [], stayed: [] };
  if (local) await removeLocalNode({ directory, environment, nodeName, timeoutMs });
  const takenDown = local || (answers && (await askToLeave(client, environment, nodeName)));
  await client.delete(nodes, { name: nodeName }).catch((error: unknown) => {
    if (!isReason(error, 'NotFound')) throw error;
  });
  return { ...drained, takenDown };
}

/** Has the agent of another machine take its node down; false when it does not begin to. */
async function askToLeave(client: Client, environment: Environment, name: string): Promise<boolean> {
  const body = { metadata: { annotations: { [leaveAnnotation]: 'asked' } } };
  await client.patch(nodes, { name }, { type: 'merge', body });
  const deadline = environment.monotonic() + answerPatienceMs;
  while (environment.monotonic() < deadline) {
    const node = await client.get(nodes, { name });
    if (node.metadata.annotations?.[leaveAnnotation] === 'begun') return true;
    await environment.sleep(lookEveryMs);
  }
  return false;
}
