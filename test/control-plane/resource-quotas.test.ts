import { expect, test } from 'vitest';
import { createCluster } from '../../src/cluster/create-cluster.ts';
import type { Pod } from '../../src/resources/schema/core-v1.generated.ts';
import { configMaps, pods, resourceQuotas } from '../../src/resources/schema/resource-types.generated.ts';

const namespace = 'default';

function pod(name: string, cpu: string): Pod {
  const resources = { requests: { cpu } };
  return {
    metadata: { name, namespace },
    spec: { containers: [{ name: 'c', image: 'stuurman.local/nginx:1', resources }] },
  };
}

/** What a Kubernetes 1.37.1 says. */
test('a namespace is held to its quota, and what goes is given back', async () => {
  await using cluster = await createCluster({ nodes: 1, time: 'virtual', seed: 7 });
  const { client } = cluster;
  const quota = () => client.get(resourceQuotas, { name: 'q', namespace });
  const used = async () => (await quota()).status?.used;
  const refused = async (write: Promise<unknown>) => write.then(String, (error: Error) => error.message);

  const hard = { pods: '2', 'requests.cpu': '1', 'count/configmaps': '2' };
  await client.create(resourceQuotas, { metadata: { name: 'q', namespace }, spec: { hard } });
  await cluster.advance('2s');
  // The certificate of the cluster is in every namespace.
  expect((await quota()).status).toEqual({ hard, used: { pods: '0', 'requests.cpu': '0', 'count/configmaps': '1' } });

  await client.create(pods, pod('a', '600m'));
  expect(await used()).toEqual({ pods: '1', 'requests.cpu': '600m', 'count/configmaps': '1' });
  expect(await refused(client.create(pods, pod('b', '500m')))).toBe(
    'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  );
  const bare = { metadata: { name: 'n', namespace }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  expect(await refused(client.create(pods, bare))).toBe(
    'pods "n" is forbidden: failed quota: q: must specify requests.cpu for: c',
  );
  const many = ['x', 'y', 'z'].map((name) => refused(client.create(configMaps, { metadata: { name, namespace } })));
  const refusals = (await Promise.all(many)).filter((message) => message.includes('exceeded quota'));
  expect(refusals).toHaveLength(2);
  expect(refusals[0]).toContain('requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2');

  await client.delete(pods, { name: 'a', namespace });
  await cluster.advance('1m');
  expect(await used()).toEqual({ pods: '0', 'requests.cpu': '0', 'count/configmaps': '2' });
});
