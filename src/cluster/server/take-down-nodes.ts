import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { forgetFlows } from '../../network/forget-flows.ts';
import { withdrawForwarding } from '../../network/forward-policy.ts';
import { CleanUp } from '../../node/host/linux/clean-up.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { nodeRuntime } from '../agent/node-runtime.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { clusterOf, startedPlaces } from './local-places.ts';
import { ensureNamespace } from './node-networks.ts';
import type { NodePlace } from './node-place.ts';

export interface TakeDownOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
}

/**
 * Leaves nothing of the cluster's nodes on this machine but their files: no process, container, mount, link, rule, namespace or cgroup. A
 * server has ended before. Answers what could not be taken down, in words.
 */
export async function takeDownNodes(options: TakeDownOptions): Promise<readonly string[]> {
  const { environment, directory } = options;
  const problems: string[] = [];
  const host = existsSync(directory.ledgerFile)
    ? await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile })
    : undefined;
  const cleanUp = host === undefined ? undefined : new CleanUp(host, environment);
  problems.push(...((await cleanUp?.endProcesses()) ?? []));
  const places = startedPlaces(directory);
  if (places.length > 0) {
    const cluster = clusterOf(directory);
    problems.push(...(await Promise.all(places.map((place) => takeDownNode(place, host, options)))).flat());
    for (const undo of host === undefined ? [] : [withdrawForwarding(host, cluster.id), forgetFlows(host, cluster)])
      await undo.catch((error: Error) => problems.push(error.message));
  }
  problems.push(...((await cleanUp?.tearDown()) ?? []));
  return problems;
}

/** One node: its containers in order, then whatever its ledger still names. `host`: of the server, which made the node's network. */
export async function takeDownNode(
  place: NodePlace,
  host: LinuxHost | undefined,
  { environment, logger }: Pick<TakeDownOptions, 'environment' | 'logger'>,
): Promise<readonly string[]> {
  const { network, directory, runDirectory, ledgerFile } = place;
  if (network !== undefined && host !== undefined) await ensureNamespace(host, network);
  const node = await LinuxHost.open({
    environment,
    dataDirectory: directory,
    ledgerFile,
    networkNamespace: network?.file,
  });
  const problems: string[] = [];
  const { containerd, runtime } = await nodeRuntime({
    settings: { directory, runDirectory },
    host: node,
    environment,
    logger,
  });
  await runtime.close();
  problems.push(...(await containerd.down()));
  problems.push(...(await new CleanUp(node, environment).tearDown()));
  await rm(runDirectory, { recursive: true, force: true });
  return problems;
}
