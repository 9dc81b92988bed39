import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from '../../src/client/https/connect.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { parseKubeconfig } from '../../src/client/kubeconfig/kubeconfig.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { endLife, type JobLife, liveJob } from './job-life.ts';

/**
 * Lets jobs live in a real Kubernetes, in a namespace with nothing in it, and writes into the file how each ended:
 * `REFERENCE_KUBECONFIG=... node test/reference/record-job-lives.ts FILE NAMESPACE`
 */
const [file = '', namespace = ''] = process.argv.slice(2);
const { REFERENCE_KUBECONFIG: path = '' } = process.env;
const environment = new RealEnvironment();
const connection = clusterConnection(environment, parseKubeconfig(readFileSync(path, 'utf8'), path));
const { client, close } = connect(environment, connection);
const place = {
  client,
  namespace,
  wait: (ms: number) => environment.sleep(ms),
  now: () => environment.now(),
};

const recorded: JobLife[] = [];
for (const { answer: _, ...life } of JSON.parse(readFileSync(file, 'utf8')) as readonly JobLife[]) {
  const answer = await liveJob(life, place);
  await endLife(place);
  recorded.push({ ...life, answer });
  process.stderr.write(`${life.what}\n`);
}
writeFileSync(file, `[\n${recorded.map((life) => JSON.stringify(life)).join(',\n')}\n]\n`);
close();
