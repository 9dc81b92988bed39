import { beforeEach, expect, test } from 'vitest';
import { type TestApiServer, testApiServer } from '../../../test/support/test-api-server.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { csiNodes, nodes } from '../../resources/schema/resource-types.generated.ts';
import { ensureCSINode } from './csi-node.ts';

const annotation = 'storage.alpha.kubernetes.io/migrated-plugins';
const plugins =
  'kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder,kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume';
const driver = { name: 'csi.example.com', nodeID: 'n', topologyKeys: [] };

let api: TestApiServer;
let node: Node;
beforeEach(async () => {
  api = await testApiServer();
  node = await api.client.create(nodes, { metadata: { name: 'n' } });
});

const ensure = () => ensureCSINode(api.client, node, new AbortController().signal);
const read = () => api.client.get(csiNodes, { name: 'n' });

test('a new node gets one, as a kubelet makes it', async () => {
  await ensure();
  const { metadata, spec } = await read();
  expect(spec).toEqual({ drivers: null });
  expect(metadata.annotations).toEqual({ [annotation]: plugins });
  expect(metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: node.metadata.uid }]);
});

test('one that is there keeps its drivers, and is written only where its annotation is another', async () => {
  await ensure();
  const { metadata } = await api.client.update(csiNodes, { ...(await read()), spec: { drivers: [driver] } });
  await ensure();
  expect((await read()).metadata.resourceVersion).toBe(metadata.resourceVersion);
  const annotations = { [annotation]: 'kubernetes.io/aws-ebs', other: 'stays' };
  await api.client.update(csiNodes, { ...(await read()), metadata: { ...metadata, annotations } });
  await ensure();
  const after = await read();
  expect(after.metadata.annotations).toEqual({ [annotation]: plugins, other: 'stays' });
  expect(after.spec.drivers?.map(({ name }) => name)).toEqual([driver.name]);
});

test('one of an earlier node of the name goes', async () => {
  await ensure();
  const before = await api.client.update(csiNodes, { ...(await read()), spec: { drivers: [driver] } });
  await api.client.delete(nodes, { name: 'n' });
  node = await api.client.create(nodes, { metadata: { name: 'n' } });
  await ensure();
  const after = await read();
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect(after.spec).toEqual({ drivers: null });
  expect(after.metadata.ownerReferences?.[0]?.uid).toBe(node.metadata.uid);
});
