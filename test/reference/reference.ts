import { token } from './control-plane/admin-token.ts';
import { ensureBuilt } from './control-plane/build.ts';
import { RunningReference, takeAwayReference } from './control-plane/running-reference.ts';
import { recordExchanges } from './exchanges/record-exchanges.ts';

const usage = `npm run reference -- COMMAND

  build              builds etcd and kube-apiserver from their Go modules, outside of the tree
  record [TOPIC...]  starts them, records the exchanges of all topics or of those named, and takes them down
  up                 starts them, says where they are, and takes them down when interrupted
  down               takes away what an interrupted command has left
`;

const [name = '', ...topics] = process.argv.slice(2);
const commands: Readonly<Record<string, () => unknown>> = { build: ensureBuilt, record, up, down: takeAwayReference };
const command = commands[name];
if (command === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else await command();

async function record(): Promise<void> {
  const reference = await RunningReference.start();
  try {
    await recordExchanges(reference.http, topics);
  } finally {
    await reference.stop();
  }
}

async function up(): Promise<void> {
  const reference = await RunningReference.start();
  process.stdout.write(`REFERENCE_URL=${reference.url} REFERENCE_TOKEN=${token} NODE_TLS_REJECT_UNAUTHORIZED=0\n`);
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  await reference.stop();
}
