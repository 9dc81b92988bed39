import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHostInfo } from '../../src/node/host/linux/host-info.ts';
import { LocalCluster } from '../real/local-cluster.ts';
import { ImageRegistry } from './images/image-registry.ts';

const port = 7660;

/** Of each node, beside one another. */
const containerdFolders = ['node', 'nodes/2'].map((node) => join(node, 'containerd'));

/** A second way to run containers, which tests of runtime classes ask for. It is the usual runtime under another name. */
const testHandler = `[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.test-handler]
  runtime_type = "io.containerd.runc.v2"
`;

/** The cluster that the suite runs on: two nodes with real containers. */
export async function startCluster(keep: boolean, say: (text: string) => void): Promise<LocalCluster> {
  const cluster = keep ? LocalCluster.left('conformance', port) : undefined;
  if (cluster !== undefined) {
    say(`using the cluster in ${cluster.directory}, which an earlier run has left`);
    return cluster;
  }
  const begun = await LocalCluster.begin('conformance', port);
  for (const folder of containerdFolders)
    write(join(begun.directory, folder, 'config.d'), 'test-handler.toml', testHandler);
  say('starting a cluster with two nodes ...');
  try {
    await begun.up('--nodes', '2');
    return begun;
  } catch (error) {
    await begun.stuurman(['down', '--purge']);
    begun.remove();
    throw error;
  }
}

/** Lets the nodes pull images, under their names, from a registry on the address of the first node, which the second one reaches too. */
export async function serveImages(cluster: LocalCluster, archives: readonly string[]): Promise<ImageRegistry> {
  const [address] = (await readHostInfo(cluster.directory)).addresses;
  if (address === undefined) throw new Error('this machine has no address that its nodes could pull images from');
  const registry = await ImageRegistry.start(archives, address);
  for (const folder of containerdFolders)
    for (const host of registry.hosts)
      write(join(cluster.directory, folder, 'certs.d', host), 'hosts.toml', `[host."${registry.url}"]\n`);
  return registry;
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
}
