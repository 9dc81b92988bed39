import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { nodes } from '../../src/resources/schema/resource-types.generated.ts';
import { allLives } from '../reference/lives/all-lives.ts';
import { liveInNamespace } from '../reference/lives/live-through.ts';
import { differences, parseLife } from '../reference/lives/recorded-life.ts';
import { LocalCluster } from './local-cluster.ts';

const recorded = join(import.meta.dirname, '..', 'reference', 'lives', 'recorded');

/** Small pods live on a node of ours the life that a real kubelet gave them. */
describe.skipIf(inject('missing').length > 0)('the life of a pod', { concurrent: true }, () => {
  let cluster: LocalCluster;
  let node = '';

  beforeAll(async () => {
    cluster = await LocalCluster.begin('lives', 7544);
    await cluster.upWithImage();
    node = (await cluster.client.list(nodes)).items[0]?.metadata.name ?? '';
  });
  afterAll(async () => {
    await cluster.down('--purge');
  });

  test.for(allLives)('$name', { timeout: 200_000 }, async (life) => {
    const { client, environment } = cluster;
    const timeline = await liveInNamespace(life, `life-${life.name}`, { client, environment, node });
    expect(differences(parseLife(readFileSync(join(recorded, `${life.name}.txt`), 'utf8')), timeline)).toEqual([]);
  });
});
