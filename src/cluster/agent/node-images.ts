import { existsSync } from 'node:fs';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { nodeRuntime } from './node-runtime.ts';

/** What a user is told who asks for images where no node runs. */
export const noNodes =
  'no containerd of this cluster runs on this machine: start the cluster with "stuurman up" (images of simulated nodes need none)';

export interface NodeImagesOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** Those of the node. */
  readonly directory: string;
  readonly runDirectory: string;
  readonly ledgerFile: string;
}

/** The images of a node of this machine, for a process beside its agent. Throws while the node is down. */
export async function nodeImages({ environment, logger, directory, runDirectory, ledgerFile }: NodeImagesOptions) {
  if (!existsSync(`${runDirectory}/containerd.sock`)) {
    throw new Error(noNodes);
  }
  const host = await LinuxHost.open({ environment, dataDirectory: directory, ledgerFile });
  return nodeRuntime({ settings: { directory, runDirectory }, host, environment, logger });
}
