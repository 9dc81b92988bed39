import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalCluster } from '../real/local-cluster.ts';

const port = 7660;

/** A second way to run containers, which tests of runtime classes ask for. It is the usual runtime under another name. */
const testHandler = `[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.test-handler]
  runtime_type = "io.containerd.runc.v2"
`;

/** The cluster that the suite runs on: two nodes with real containers. */
export async function startCluster(
  keep: boolean,
  archives: () => Promise<readonly string[]>,
  say: (text: string) => void,
): Promise<LocalCluster> {
  const cluster = keep ? LocalCluster.left('conformance', port) : undefined;
  if (cluster !== undefined) {
    say(`using the cluster in ${cluster.directory}, which an earlier run has left`);
    return cluster;
  }
  const made = await archives();
  const begun = await LocalCluster.begin('conformance', port);
  for (const node of ['node', 'nodes/2']) {
    const folder = join(begun.directory, node, 'containerd', 'config.d');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'test-handler.toml'), testHandler);
  }
  say('starting a cluster with two nodes ...');
  try {
    await begun.up('--nodes', '2');
    for (const archive of made) await begun.stuurman(['image', 'import', archive]);
    return begun;
  } catch (error) {
    await begun.stuurman(['down', '--purge']);
    begun.remove();
    throw error;
  }
}
