import { beforeEach, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../../machinery/environment/virtual.ts';
import { silentLogger } from '../../../machinery/log.ts';
import { silentMetrics } from '../../../machinery/metrics.ts';
import { MemoryFiles } from '../../host/simulated/memory-files.ts';
import { AgentMetrics } from '../../metrics/agent-metrics.ts';
import { PullRecords } from './pull-records.ts';
import type { Credential } from './registry-credentials.ts';

const image = 'r.example.com/app:1';
const id = 'sha256:1';
const directory = '/var/lib/node/image-manager';
let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles(new VirtualEnvironment(1));
});

const { images: metrics } = new AgentMetrics(silentMetrics, 'node-1');
const open = () => new PullRecords({ files, logger: silentLogger, metrics, directory });
const credential = (name: string, hash: string): Credential => ({
  login: { username: 'me', password: hash },
  hash,
  source: { uid: `${name}-uid`, namespace: 'apps', name },
});
const [mine, other] = [credential('mine', 'h1'), credential('other', 'h2')];

async function pulledBy(used: Credential | undefined): Promise<PullRecords> {
  const records = open();
  await records.begin(image);
  await records.succeeded(image, id, used);
  return records;
}

test('an image that was on the machine before is everybody’s', async () => {
  expect(await open().mustPull(image, id, async () => [])).toBe(false);
});

test('an image that was pulled without a login is everybody’s, under its name', async () => {
  const records = await pulledBy(undefined);
  expect(await records.mustPull(image, id, async () => [])).toBe(false);
  expect(await records.mustPull('r.example.com/app:2', id, async () => [])).toBe(false);
  expect(await records.mustPull('elsewhere.example.com/app:1', id, async () => [])).toBe(true);
});

test('an image that was pulled by a secret is for those who have the secret, or the same login', async () => {
  const records = await pulledBy(mine);
  expect(await records.mustPull(image, id, async () => [])).toBe(true);
  expect(await records.mustPull(image, id, async () => [other])).toBe(true);
  expect(await records.mustPull(image, id, async () => [other, mine])).toBe(false);
  expect(await records.mustPull(image, id, async () => [credential('copy', 'h1')])).toBe(false);
  expect(await records.mustPull(image, id, async () => [credential('mine', 'changed')])).toBe(false);
  expect(await records.mustPull(image, id, async () => [credential('third', 'changed')])).toBe(false);
});

test('a login of the node makes it everybody’s', async () => {
  await pulledBy(mine);
  const records = open();
  await records.begin(image);
  await records.succeeded(image, id, { ...mine, source: undefined });
  expect(await records.mustPull(image, id, async () => [])).toBe(false);
});

test('another process knows what this one pulled, and what it did not finish to pull', async () => {
  await pulledBy(mine);
  expect(await open().mustPull(image, id, async () => [])).toBe(true);
  await open().begin('r.example.com/late:1');
  const next = open();
  expect(await next.mustPull('r.example.com/late:1', 'sha256:2', async () => [])).toBe(true);
  await next.begin('r.example.com/late:1');
  await next.failed('r.example.com/late:1');
  expect(await open().mustPull('r.example.com/late:1', 'sha256:2', async () => [])).toBe(false);
});

test('of two pulls at a time one may fail', async () => {
  const records = open();
  await records.begin(image);
  await records.begin(image);
  await records.failed(image);
  expect(await records.mustPull(image, id, async () => [])).toBe(true);
  await records.failed(image);
  expect(await records.mustPull(image, id, async () => [])).toBe(false);
});

test('records of images that are gone go, and damaged ones count for nothing', async () => {
  const records = await pulledBy(mine);
  await records.prune(new Set([id]));
  expect(await files.list(`${directory}/pulled`)).toHaveLength(1);
  await records.prune(new Set());
  expect(await files.list(`${directory}/pulled`)).toEqual([]);
  await files.write(`${directory}/pulled/x`, '{');
  expect(await open().mustPull(image, id, async () => [])).toBe(false);
});
