import { expect, test } from 'vitest';
import { createCluster } from '../../src/cluster/create-cluster.ts';
import type { LogFields, Logger } from '../../src/machinery/log.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import {
  configMaps,
  deployments,
  endpointSlices,
  endpoints,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
  services,
  statefulSets,
} from '../../src/resources/schema/resource-types.generated.ts';

/** Keeps what is logged as a warning or worse. */
function complaints(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (message: string, fields: LogFields = {}) => {
    const { err } = fields;
    lines.push(`${message}: ${err instanceof Error ? err.message : ''}`);
  };
  const logger: Logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
  return { logger, lines };
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'app:1', volumeMounts: [] as { name: string; mountPath: string }[] }] },
});

test('an application comes and goes, every controller with no more rights than it has in Kubernetes', async () => {
  const { logger, lines } = complaints();
  await using cluster = await createCluster({ time: 'virtual', nodes: 3, logger });
  const { client } = cluster;
  const inShop = { namespace: 'shop' };
  await cluster.advance('5s');
  await client.create(namespaces, { metadata: { name: 'shop' } });
  await cluster.advance('1s');
  expect((await client.list(serviceAccounts, inShop)).items.map(({ metadata }) => metadata.name)).toEqual(['default']);
  expect((await client.list(configMaps, inShop)).items.map(({ metadata }) => metadata.name)).toEqual([
    'kube-root-ca.crt',
  ]);
  const selector = (app: string) => ({ matchLabels: { app } });
  await client.create(deployments, {
    metadata: { ...inShop, name: 'web' },
    spec: { replicas: 3, selector: selector('web'), template: template('web') },
  });
  await client.create(services, {
    metadata: { ...inShop, name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await client.create(services, { metadata: { ...inShop, name: 'mail' }, spec: { ports: [{ port: 25 }] } });
  await client.create(endpoints, {
    metadata: { ...inShop, name: 'mail' },
    subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 25 }] }],
  });
  const withVolume = template('db');
  withVolume.spec.containers[0]?.volumeMounts.push({ name: 'data', mountPath: '/data' });
  await client.create(statefulSets, {
    metadata: { ...inShop, name: 'db' },
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector: selector('db'),
      template: withVolume,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
  await cluster.advance('30s');
  expect((await client.get(deployments, { ...inShop, name: 'web' })).status).toMatchObject({ availableReplicas: 3 });
  expect((await client.get(statefulSets, { ...inShop, name: 'db' })).status).toMatchObject({ availableReplicas: 2 });
  const slices = await client.list(endpointSlices, { ...inShop, labelSelector: 'kubernetes.io/service-name=web' });
  expect(slices.items.flatMap((slice) => slice.endpoints ?? []).filter((each) => each.conditions?.ready)).toHaveLength(
    3,
  );
  const mirrored = await client.list(endpointSlices, { ...inShop, labelSelector: 'kubernetes.io/service-name=mail' });
  expect(mirrored.items.map((slice) => slice.endpoints?.[0]?.addresses)).toEqual([['192.0.2.7']]);
  expect((await client.list(persistentVolumes)).items.map((volume) => volume.status?.phase)).toEqual([
    'Bound',
    'Bound',
  ]);

  const current = await client.get(statefulSets, { ...inShop, name: 'db' });
  await client.update(statefulSets, { ...current, spec: { ...current.spec, replicas: 1 } });
  await cluster.advance('60s');
  // The claim went with its pod, and the volume with its claim.
  expect((await client.list(persistentVolumeClaims)).items.map(({ metadata }) => metadata.name)).toEqual(['data-db-0']);
  expect((await client.list(persistentVolumes)).items).toHaveLength(1);

  await client.delete(deployments, { ...inShop, name: 'web' }, { propagationPolicy: 'Foreground' });
  await cluster.advance('60s');
  expect((await client.list(pods, inShop)).items.map(({ metadata }) => metadata.name)).toEqual(['db-0']);

  await client.delete(namespaces, { name: 'shop' });
  await cluster.advance('60s');
  const gone = await client.get(namespaces, { name: 'shop' }).catch((error: unknown) => error);
  expect(isReason(gone, 'NotFound')).toBe(true);
  expect((await client.list(persistentVolumes)).items).toEqual([]);
  expect(lines).toEqual([]);
});
