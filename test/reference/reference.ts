import { token } from './control-plane/admin-token.ts';
import { ensureBuilt } from './control-plane/build.ts';
import { RunningReference, takeAwayReference } from './control-plane/running-reference.ts';
import { recordTopics } from './record-topics.ts';

const usage = `npm run reference -- COMMAND

  build              builds etcd and kube-apiserver from their Go modules, outside of the tree
  record [TOPIC...]  records the topics named: starts them and takes them down, or for the topics dns, jobs, node
                     and lives asks the cluster of REFERENCE_KUBECONFIG. Without a name, all that need no such cluster
  up                 starts them, says where they are, and takes them down when interrupted
  down               takes away what an interrupted command has left
`;

const [name = '', ...topics] = process.argv.slice(2);
const commands: Readonly<Record<string, () => unknown>> = {
  build: ensureBuilt,
  record: () => recordTopics(topics),
  up,
  down: takeAwayReference,
};
const command = commands[name];
if (command === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else await command();

async function up(): Promise<void> {
  const reference = await RunningReference.start();
  process.stdout.write(`REFERENCE_URL=${reference.url} REFERENCE_TOKEN=${token} NODE_TLS_REJECT_UNAUTHORIZED=0\n`);
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  await reference.stop();
}
