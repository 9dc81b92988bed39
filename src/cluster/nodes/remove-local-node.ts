import { existsSync } from 'node:fs';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { readLocalNodes, writeLocalNodes } from '../files/local-nodes.ts';
import { nodeDirectory } from '../server/node-place.ts';

export interface RemoveLocalNode {
  readonly directory: DataDirectory;
  readonly environment: Environment;
  readonly nodeName: string;
  readonly timeoutMs: number;
}

const lookEveryMs = 100;

/** The index of a node of this machine; undefined when it is none. Throws for one that cannot be removed. */
export function removableLocalNode(directory: DataDirectory, nodeName: string): number | undefined {
  const found = readLocalNodes(directory)?.nodes.find(({ name }) => name === nodeName);
  if (found?.index !== 1) return found?.index;
  throw new Error(
    `${nodeName} is in the network of the server's machine, which leads to the others, and is not removed alone: "stuurman down" takes the whole cluster down`,
  );
}

/** Takes a node of this machine off the list, and waits until the server has taken it down. */
export async function removeLocalNode({ directory, environment, nodeName, timeoutMs }: RemoveLocalNode): Promise<void> {
  const index = removableLocalNode(directory, nodeName);
  const known = readLocalNodes(directory);
  if (index === undefined || known === undefined) return;
  writeLocalNodes(directory, { ...known, nodes: known.nodes.filter((node) => node.index !== index) });
  const deadline = environment.monotonic() + timeoutMs;
  while (existsSync(nodeDirectory(directory, index))) {
    if (environment.monotonic() > deadline)
      throw new Error(
        `the server did not take ${nodeName} down within ${timeoutMs / 1000} s: see "stuurman logs --part server"; it goes on trying`,
      );
    await environment.sleep(lookEveryMs);
  }
}
