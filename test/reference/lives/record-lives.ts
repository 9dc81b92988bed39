import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodes } from '../../../src/resources/schema/resource-types.generated.ts';
import type { WholeCluster } from '../whole-cluster.ts';
import { allLives } from './all-lives.ts';
import { liveInNamespace } from './live-through.ts';
import { combine, lifeText } from './recorded-life.ts';
import { severalAtATime } from './several-at-a-time.ts';
import type { Timeline } from './timeline.ts';

const runs = 6;
const atATime = 8;

/**
 * Lets pods live on a real kubelet, each several times, and writes down what it made of them; all when none is named. The node's runtime
 * must have the image `stuurman.local/busybox:1` of this project. Nothing stays behind.
 */
export async function recordLives({ client, environment }: WholeCluster, names: readonly string[]): Promise<void> {
  const lives = allLives.filter(({ name }) => names.length === 0 || names.includes(name));
  const [node] = (await client.list(nodes)).items;
  const cluster = { client, environment, node: node?.metadata.name ?? '' };
  const recorded = new Map<string, Timeline[]>();
  const todo = Array.from({ length: runs }, (_, run) => lives.map((life) => ({ life, run }))).flat();
  await severalAtATime(todo, atATime, async ({ life, run }) => {
    try {
      const timelines = recorded.get(life.name) ?? [];
      recorded.set(life.name, timelines);
      timelines.push(await liveInNamespace(life, `life-${life.name}-${run}`, cluster));
      process.stderr.write(`${life.name} ${run}\n`);
    } catch (error) {
      process.stderr.write(`${life.name} ${run}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  });
  for (const [name, timelines] of recorded)
    if (timelines.length > 0)
      writeFileSync(join(import.meta.dirname, 'recorded', `${name}.txt`), lifeText(combine(timelines)));
}
