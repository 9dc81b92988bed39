import { dump } from 'js-yaml';
import { connect } from '../../client/https/connect.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import { readIdentity } from '../../cluster/files/cluster-identity.ts';
import { clusterOverview } from '../../cluster/server/cluster-overview.ts';
import { runningServer, serverProcess } from '../../cluster/server/running-server.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { print, table } from '../output.ts';

/** `stuurman status`: the cluster at a glance, also without kubectl. Ends with code 3 when it is down. */
export async function status(options: { readonly dataDir?: string; readonly output?: 'json' | 'yaml' }): Promise<void> {
  const environment = new RealEnvironment();
  const directory = dataDirectoryOf(options);
  const identity = readIdentity(directory);
  const server = runningServer(directory);
  if (server === undefined) {
    const facts = { cluster: identity.id, running: false };
    if (options.output === 'json') print(JSON.stringify(facts, undefined, 2));
    else if (options.output === 'yaml') print(dump(facts));
    else if (serverProcess(directory) !== undefined) print(`The cluster in ${directory.path} is being started.`);
    else print(`The cluster in ${directory.path} is down: start it with "stuurman up".`);
    process.exitCode = 3;
    return;
  }
  const { client, close } = connect(environment, clusterConnection(environment, readKubeconfig(directory.kubeconfig)));
  const { nodes, pods } = await clusterOverview(client, environment.now());
  close();
  const facts = {
    cluster: identity.id,
    running: true,
    api: `https://127.0.0.1:${server.port}`,
    kubeconfig: directory.kubeconfig,
    nodes,
    pods,
  };
  if (options.output === 'json') print(JSON.stringify(facts, undefined, 2));
  else if (options.output === 'yaml') print(dump(facts));
  else {
    print(`API ${facts.api}   kubeconfig ${facts.kubeconfig}\n`);
    print(
      table(
        ['NODE', 'STATUS', 'AGE', 'VERSION', 'RUNTIME'],
        nodes.map((node) => [node.name, node.status, node.age, node.version, node.runtime]),
      ),
    );
    print('');
    print(
      table(
        ['NAMESPACE', 'POD', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'NODE'],
        pods.map((pod) => [pod.namespace, pod.name, pod.ready, pod.status, pod.restarts, pod.age, pod.node]),
      ),
    );
  }
}
