import { expect, test } from 'vitest';
import { PlainClient } from '../../../test/support/plain-client.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  namespaces,
  priorityClasses,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import { nodeRules } from './bootstrap-objects.ts';
import { ensureBootstrap } from './ensure-bootstrap.ts';

async function ready(): Promise<PlainClient> {
  const client = new PlainClient();
  await ensureBootstrap(client);
  client.requests.length = 0;
  return client;
}

const clusterRole = (client: PlainClient, name: string) => {
  const role = client.find(clusterRoles, { name });
  if (role === undefined) throw new Error(`no cluster role ${name}`);
  return role;
};

test('an empty cluster gets them all, namespaces first', async () => {
  const client = new PlainClient();
  await ensureBootstrap(client);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    expect(client.find(namespaces, { name })).toBeDefined();
  expect((await client.list(clusterRoles)).items).toHaveLength(73);
  expect((await client.list(clusterRoleBindings)).items).toHaveLength(54);
  expect((await client.list(roles)).items).toHaveLength(7);
  expect((await client.list(roleBindings)).items).toHaveLength(7);
  expect((await client.list(priorityClasses)).items).toHaveLength(2);
  expect(client.writes.findLastIndex((write) => write.startsWith('create namespaces/'))).toBe(3);
});

test('the second time it only reads, once for each kind', async () => {
  const client = await ready();
  await ensureBootstrap(client);
  expect(client.writes).toEqual([]);
  expect(client.requests).toHaveLength(8);
});

test('rules that somebody took away come back, those that somebody added stay', async () => {
  const client = await ready();
  const extra = { verbs: ['get'], apiGroups: ['acme.io'], resources: ['widgets'] };
  const { rules, ...role } = clusterRole(client, 'system:discovery');
  client.set(clusterRoles, { ...role, rules: [extra] });
  await ensureBootstrap(client);
  expect(client.writes).toEqual(['update clusterroles.rbac.authorization.k8s.io//system:discovery']);
  const repaired = clusterRole(client, 'system:discovery').rules ?? [];
  expect(repaired[0]).toEqual(extra);
  const urls = repaired.slice(1).flatMap((rule) => rule.nonResourceURLs ?? []);
  expect(new Set(urls)).toEqual(new Set(rules?.flatMap((rule) => rule.nonResourceURLs ?? [])));
});

test('labels and selectors that are missing are added; the rules of an aggregated role are left to aggregation', async () => {
  const client = await ready();
  const { aggregationRule, ...admin } = clusterRole(client, 'admin');
  client.set(clusterRoles, { ...admin, metadata: { name: 'admin' }, aggregationRule: {}, rules: [] });
  await ensureBootstrap(client);
  expect(clusterRole(client, 'admin')).toMatchObject({ metadata: admin.metadata, aggregationRule, rules: [] });
});

test('what is marked as not to be updated is left alone', async () => {
  const client = await ready();
  const role = clusterRole(client, 'system:discovery');
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  client.set(clusterRoles, { ...role, metadata: { ...role.metadata, annotations }, rules: [] });
  await ensureBootstrap(client);
  expect(client.writes).toEqual([]);
});

test('a binding gets its subjects back, and is made anew when it binds another role', async () => {
  const client = await ready();
  const name = 'system:discovery';
  const binding = client.find(clusterRoleBindings, { name });
  if (binding === undefined) throw new Error('no binding');
  const eve = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' };
  client.set(clusterRoleBindings, { ...binding, subjects: [eve] });
  await ensureBootstrap(client);
  expect(client.find(clusterRoleBindings, { name })?.subjects).toEqual([eve, ...(binding.subjects ?? [])]);
  client.set(clusterRoleBindings, { ...binding, roleRef: { ...binding.roleRef, name: 'cluster-admin' } });
  await ensureBootstrap(client);
  expect(client.writes.slice(1)).toEqual([
    'delete clusterrolebindings.rbac.authorization.k8s.io//system:discovery',
    'create clusterrolebindings.rbac.authorization.k8s.io//system:discovery',
  ]);
  expect(client.find(clusterRoleBindings, { name })).toEqual(binding);
});

test('two servers may start at once', async () => {
  const client = new PlainClient();
  await Promise.all([ensureBootstrap(client), ensureBootstrap(client)]);
  expect((await client.list(clusterRoles)).items).toHaveLength(73);
});

test('the rules of nodes are those of system:node', () => {
  expect(nodeRules()).toContainEqual({ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['services'] });
});
