import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../../src/client/https/connect.ts';
import { clusterConnection } from '../../../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../../src/client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../../../src/machinery/environment/real.ts';
import { nodes } from '../../../src/resources/schema/resource-types.generated.ts';
import { allLives } from './all-lives.ts';
import { liveInNamespace } from './live-through.ts';
import { combine, lifeText } from './recorded-life.ts';
import { severalAtATime } from './several-at-a-time.ts';
import type { Timeline } from './timeline.ts';

/**
 * Lets pods live on a real kubelet, each several times, and writes down what it made of them:
 * `REFERENCE_KUBECONFIG=... node test/reference/lives/record-lives.ts [NAME...]`. Its runtime must have the image
 * `stuurman.local/busybox:1` of this project. Nothing stays behind.
 */
const runs = 6;
const atATime = 8;
const environment = new RealEnvironment();
const connection = clusterConnection(environment, readKubeconfig(process.env['REFERENCE_KUBECONFIG'] ?? ''));
const { client, close } = connect(environment, connection);
const asked = process.argv.slice(2);
const lives = allLives.filter(({ name }) => asked.length === 0 || asked.includes(name));
const [node] = (await client.list(nodes)).items;
const cluster = { client, environment, node: node?.metadata.name ?? '' };

const recorded = new Map<string, Timeline[]>();
const todo = Array.from({ length: runs }, (_, run) => lives.map((life) => ({ life, run }))).flat();
await severalAtATime(todo, atATime, async ({ life, run }) => {
  try {
    const timelines = recorded.get(life.name) ?? [];
    recorded.set(life.name, timelines);
    timelines.push(await liveInNamespace(life, `life-${life.name}-${run}`, cluster));
    process.stdout.write(`${life.name} ${run}\n`);
  } catch (error) {
    process.stderr.write(`${life.name} ${run}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
});
for (const [name, timelines] of recorded)
  if (timelines.length > 0)
    writeFileSync(join(import.meta.dirname, 'recorded', `${name}.txt`), lifeText(combine(timelines)));
close();
