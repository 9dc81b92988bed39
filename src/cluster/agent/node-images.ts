import { existsSync } from 'node:fs';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { nodeRuntime } from './node-runtime.ts';

export interface NodeImagesOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly clusterId: string;
  /** That of the node. */
  readonly directory: string;
  readonly ledgerFile: string;
}

/** The images of this machine's node, for a process beside its agent. Throws while the node is down. */
export async function nodeImages({ environment, logger, clusterId, directory, ledgerFile }: NodeImagesOptions) {
  const runDirectory = `/run/stuurman-${clusterId}`;
  if (!existsSync(`${runDirectory}/containerd.sock`)) {
    throw new Error(
      'no containerd of this cluster runs on this machine: start the cluster with "stuurman up" (images of simulated nodes need none)',
    );
  }
  const host = await LinuxHost.open({ environment, dataDirectory: directory, ledgerFile });
  return nodeRuntime({ settings: { directory, runDirectory }, host, environment, logger });
}
