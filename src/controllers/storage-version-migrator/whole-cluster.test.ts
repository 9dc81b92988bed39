import { expect, test } from 'vitest';
import { createCluster } from '../../cluster/create-cluster.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';
import { storageVersionMigrations } from '../../resources/schema/resource-types.generated.ts';

test('everything that a cluster stores can be migrated with the rights that the controller has in Kubernetes', async () => {
  await using cluster = await createCluster({ nodes: 1, time: 'virtual', seed: 7 });
  const { client } = cluster;
  await cluster.advance('2s');
  const migratable = builtInDefinitions.filter(({ verbs }) => verbs.includes('update') && verbs.includes('list'));
  for (const { type } of migratable) {
    const { group, resource, version } = type;
    const metadata = { name: [resource, group, version].filter((part) => part !== '').join('.') };
    await client.create(storageVersionMigrations, { metadata, spec: { resource: { group, resource } } });
  }
  await cluster.advance('10s');
  const { items } = await client.list(storageVersionMigrations);
  expect(items.length).toBe(migratable.length);
  const failed = items.filter(
    ({ status }) => !status?.conditions?.some(({ type, status }) => type === 'Succeeded' && status === 'True'),
  );
  expect(failed.map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`)).toEqual([]);
});
