import type { Environment } from '../../machinery/environment/environment.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { readKubeconfig } from './kubeconfig-file.ts';
import { rereading } from './rereading.ts';

/** How soon an address that was added to the file is known. */
const maximumAgeMs = 1_000;

/**
 * The URLs of all clusters in a kubeconfig that stands for one cluster under several addresses: that of the current context first. Read again
 * as the file changes.
 */
export function knownServers(environment: Environment, path: string): () => readonly string[] {
  return rereading(environment, () => serversOf(readKubeconfig(path)), maximumAgeMs);
}

export function serversOf(config: Kubeconfig): readonly string[] {
  const current = config.contexts?.find(({ name }) => name === config['current-context'])?.context.cluster;
  const clusters = config.clusters ?? [];
  const ordered = [...clusters.filter(({ name }) => name === current), ...clusters];
  return [...new Set(ordered.flatMap(({ cluster }) => (cluster.server ? [cluster.server] : [])))];
}
