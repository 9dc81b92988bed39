import { afterEach, beforeEach, expect, test } from 'vitest';
import { servingControlPlane } from '../../../test/support/serving-control-plane.ts';
import type { Client } from '../../client/client.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import {
  clusterRoleBindings,
  configMaps,
  roleBindings,
  serviceAccounts,
  subjectAccessReviews,
  tokenReviews,
} from '../../resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../store/memory/memory-store.ts';
import type { ControlPlane } from './control-plane.ts';
import { serviceAccountUser } from './users.ts';

const namespace = 'kube-system';
const name = 'metrics-server';
const subjects = [{ kind: 'ServiceAccount', namespace, name }];
let controlPlane: ControlPlane;
let client: Client;

/** A cluster in which a server of somebody else's API has the rights that its manifest asks for, as the manifests of all of them do. */
beforeEach(async () => {
  const environment = new VirtualEnvironment(1);
  controlPlane = await servingControlPlane(environment, new MemoryStore({ environment }));
  const working = controlPlane.work();
  await environment.settle();
  await working;
  const admin = controlPlane.serverClient;
  await admin.create(serviceAccounts, { metadata: { namespace, name } });
  const roleRef = {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Role',
    name: 'extension-apiserver-authentication-reader',
  };
  await admin.create(roleBindings, { metadata: { namespace, name: `${name}-auth-reader` }, roleRef, subjects });
  const delegator = { ...roleRef, kind: 'ClusterRole', name: 'system:auth-delegator' };
  await admin.create(clusterRoleBindings, { metadata: { name: `${name}:auth` }, roleRef: delegator, subjects });
  await environment.settle();
  client = controlPlane.client(serviceAccountUser(namespace, name));
});
afterEach(() => controlPlane.stop());

test('it reads whom to believe, and no other ConfigMap', async () => {
  const key = { namespace, name: 'extension-apiserver-authentication' };
  expect((await client.get(configMaps, key)).data).toEqual({ 'client-ca-file': expect.stringContaining('BEGIN CERT') });
  const { items } = await client.list(configMaps, { namespace, fieldSelector: `metadata.name=${key.name}` });
  expect(items).toHaveLength(1);
  await expect(client.list(configMaps, { namespace })).rejects.toMatchObject({ reason: 'Forbidden' });
  await expect(client.get(configMaps, { namespace, name: 'kube-root-ca.crt' })).rejects.toMatchObject({
    reason: 'Forbidden',
  });
});

test('it asks who shows a token, and what somebody may do', async () => {
  const admin = controlPlane.serverClient;
  const spec = { audiences: [], expirationSeconds: 3600 };
  const request = (await admin.createSubresource(serviceAccounts, { namespace, name }, 'token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name },
    spec,
  })) as { readonly status: { readonly token: string } };
  const review = await client.create(tokenReviews, { metadata: {}, spec: { token: request.status.token } });
  expect(review.status).toMatchObject({
    authenticated: true,
    user: { username: `system:serviceaccount:${namespace}:${name}` },
  });
  const wrong = await client.create(tokenReviews, { metadata: {}, spec: { token: 'nobody' } });
  expect(wrong.status?.authenticated).not.toBe(true);
  const may = async (user: string, groups: readonly string[], verb: string) => {
    const resourceAttributes = { group: 'metrics.k8s.io', resource: 'pods', namespace: 'default', verb };
    const { status } = await client.create(subjectAccessReviews, {
      metadata: {},
      spec: { user, groups, resourceAttributes },
    });
    return status?.allowed;
  };
  expect(await may('anna', ['system:masters'], 'list')).toBe(true);
  expect(await may('anna', [], 'list')).toBe(false);
});
