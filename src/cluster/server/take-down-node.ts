import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { withdrawForwarding } from '../../network/forward-policy.ts';
import { CleanUp } from '../../node/host/linux/clean-up.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { nodeRuntime } from '../agent/node-runtime.ts';
import { readIdentity } from '../files/cluster-identity.ts';
import type { DataDirectory } from '../files/data-directory.ts';

export interface TakeDownOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
}

/**
 * Leaves nothing of the cluster's node on this machine but its files: no process, container, mount, link, rule or cgroup. The agent has
 * ended before. Answers what could not be taken down, in words.
 */
export async function takeDownNode({ environment, directory, logger }: TakeDownOptions): Promise<readonly string[]> {
  const problems: string[] = [];
  if (existsSync(directory.ledgerFile)) {
    const host = await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile });
    problems.push(...(await new CleanUp(host, environment).tearDown()));
  }
  const ledgerFile = join(directory.node, 'ledger.json');
  if (!existsSync(ledgerFile)) return problems;
  const { id } = readIdentity(directory);
  const runDirectory = `/run/stuurman-${id}`;
  const host = await LinuxHost.open({ environment, dataDirectory: directory.node, ledgerFile });
  const { containerd, runtime } = await nodeRuntime({
    settings: { directory: directory.node, runDirectory },
    host,
    environment,
    logger,
  });
  await runtime.close();
  problems.push(...(await containerd.down()));
  await withdrawForwarding(host, id).catch((error: Error) => problems.push(error.message));
  problems.push(...(await new CleanUp(host, environment).tearDown()));
  await rm(runDirectory, { recursive: true, force: true });
  return problems;
}
