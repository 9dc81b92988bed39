import { expect, test } from 'vitest';
import { createCluster, daemonSets, events, pods } from '../../src/testing.ts';

const labels = { app: 'agent' };

test('daemon pods come with nodes, stay on a node that is cut off, and go with one that is removed', async () => {
  await using cluster = await createCluster({ time: 'virtual', nodes: 4 });
  const { client } = cluster;
  await cluster.advance('15s');
  await client.create(daemonSets, {
    metadata: { namespace: 'default', name: 'agent' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:1' }] } },
    },
  });
  await cluster.advance('15s');
  const status = async () => (await client.get(daemonSets, { namespace: 'default', name: 'agent' })).status;
  const where = async () => (await client.list(pods)).items.map(({ spec }) => spec?.nodeName ?? '').sort();
  expect(await where()).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
  expect(await status()).toMatchObject({ desiredNumberScheduled: 4, numberReady: 4 });
  expect((await client.list(events)).items.filter(({ reason }) => reason === 'FailedScheduling')).toEqual([]);

  await cluster.nodes.add();
  await cluster.advance('20s');
  expect(await where()).toEqual(['node-0', 'node-1', 'node-2', 'node-3', 'node-4']);

  const uids = async () => (await client.list(pods)).items.map(({ metadata }) => metadata.uid).sort();
  const before = await uids();
  cluster.nodes.get('node-1').cutOff();
  await cluster.advance('8m');
  expect(await uids()).toEqual(before);
  expect(await status()).toMatchObject({ desiredNumberScheduled: 4, numberReady: 4, numberMisscheduled: 1 });
  cluster.nodes.get('node-1').reconnect();
  await cluster.advance('60s');
  expect(await uids()).toEqual(before);
  expect(await status()).toMatchObject({ numberReady: 5 });

  await cluster.nodes.remove('node-2');
  await cluster.advance('90s');
  expect(await where()).toEqual(['node-0', 'node-1', 'node-3', 'node-4']);
  expect(await status()).toMatchObject({ desiredNumberScheduled: 4, numberReady: 4, numberMisscheduled: 0 });
}, 60_000);
