import { dump } from 'js-yaml';
import { connect } from '../../client/https/connect.ts';
import type { HttpsClient } from '../../client/https/https-client.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import type { DataDirectory } from '../../cluster/files/data-directory.ts';
import { drainNode } from '../../cluster/nodes/drain-node.ts';
import { existingNode, removeNode } from '../../cluster/nodes/remove-node.ts';
import { runningServer } from '../../cluster/server/running-server.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { print, say } from '../output.ts';
import { Steps } from '../steps.ts';

export interface NodeOptions {
  readonly dataDir?: string;
  readonly output?: 'json' | 'yaml';
  readonly timeout: string;
  readonly force?: boolean;
  readonly deleteEmptydirData?: boolean;
}

/** `stuurman node drain NAME`. */
export async function drain(nodeName: string, options: NodeOptions): Promise<void> {
  await withCluster(options, async ({ client, steps, request }) => {
    await existingNode(client, nodeName);
    const drained = await steps.run(`node ${nodeName} drained`, (progress) =>
      drainNode({ ...request, nodeName, progress }),
    );
    tell(options, { node: nodeName, ...drained }, [
      ...drained.evicted.map((pod) => `evicted ${pod}`),
      `No pods come to ${nodeName} until "kubectl uncordon ${nodeName}".`,
    ]);
  });
}

/** `stuurman node remove NAME`. */
export async function remove(nodeName: string, options: NodeOptions): Promise<void> {
  await withCluster(options, async ({ steps, request, directory }) => {
    const removed = await steps.run(`node ${nodeName} removed`, (progress) =>
      removeNode({ ...request, directory, nodeName, progress }),
    );
    tell(options, { node: nodeName, ...removed }, [
      ...removed.evicted.map((pod) => `evicted ${pod}`),
      ...(removed.takenDown
        ? []
        : [`The machine of ${nodeName} did not answer: "stuurman leave" takes down there what it still has.`]),
    ]);
  });
}

async function withCluster(
  options: NodeOptions,
  work: (parts: {
    readonly client: HttpsClient;
    readonly steps: Steps;
    readonly directory: DataDirectory;
    readonly request: Omit<Parameters<typeof drainNode>[0], 'nodeName' | 'progress'>;
  }) => Promise<void>,
): Promise<void> {
  const environment = new RealEnvironment();
  const directory = dataDirectoryOf(options);
  const timeoutMs = Number(options.timeout) * 1000;
  if (!/^\d+$/.test(options.timeout) || timeoutMs === 0)
    throw new Error(`--timeout takes a whole number of seconds from 1, not "${options.timeout}"`);
  if (runningServer(directory) === undefined)
    throw new Error(`the cluster in ${directory.path} is down: start it with "stuurman up"`);
  const { client, close } = connect(environment, clusterConnection(environment, readKubeconfig(directory.kubeconfig)));
  const { force = false, deleteEmptydirData = false } = options;
  const request = { client, environment, timeoutMs, force, deleteEmptyDirData: deleteEmptydirData };
  try {
    await work({ client, steps: new Steps(() => environment.monotonic()), directory, request });
  } finally {
    close();
  }
}

function tell({ output }: NodeOptions, facts: object, lines: readonly string[]): void {
  if (output === 'json') print(JSON.stringify(facts, undefined, 2));
  else if (output === 'yaml') print(dump(facts));
  else for (const line of lines) say(line);
}
