import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/https/connect.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../src/client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { nodes } from '../../src/resources/schema/resource-types.generated.ts';
import { run } from '../e2e/demo-cluster.ts';
import { allLives } from '../reference/lives/all-lives.ts';
import { liveInNamespace } from '../reference/lives/live-through.ts';
import { differences, parseLife } from '../reference/lives/recorded-life.ts';
import { busyboxArchive } from './image-cache.ts';

const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
const recorded = join(import.meta.dirname, '..', 'reference', 'lives', 'recorded');
const directory = '/var/tmp/stuurman-test-lives';
const port = 7544;

/** Small pods live on a node of ours the life that a real kubelet gave them. */
describe.skipIf(inject('missing').length > 0)('the life of a pod', { concurrent: true }, () => {
  const environment = new RealEnvironment();
  let client: Client;
  let close = () => {};
  let node = '';

  async function stuurman(...args: readonly string[]): Promise<void> {
    const words = [program, ...args, '--data-dir', directory];
    const { code, stderr } = await run(process.execPath, words, { timeoutMs: 100_000 });
    if (code !== 0) throw new Error(`stuurman ${args[0]} ended with ${code}: ${stderr}`);
  }

  beforeAll(async () => {
    await run(process.execPath, [program, 'down', '--purge', '--data-dir', directory], { timeoutMs: 60_000 });
    const archive = await busyboxArchive(environment);
    await stuurman('up', '--detach', '--port', `${port}`);
    await stuurman('image', 'import', archive);
    const connection = clusterConnection(environment, readKubeconfig(join(directory, 'admin.kubeconfig')));
    ({ client, close } = connect(environment, connection));
    node = (await client.list(nodes)).items[0]?.metadata.name ?? '';
  }, 200_000);
  afterAll(async () => {
    close();
    await stuurman('down', '--purge');
  }, 100_000);

  test.for(allLives)('$name', { timeout: 200_000 }, async (life) => {
    const timeline = await liveInNamespace(life, `life-${life.name}`, { client, environment, node });
    expect(differences(parseLife(readFileSync(join(recorded, `${life.name}.txt`), 'utf8')), timeline)).toEqual([]);
  });
});
