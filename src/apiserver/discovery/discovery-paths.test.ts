import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { send } from '../../../test/support/test-http.ts';
import { leases } from '../../resources/schema/resource-types.generated.ts';

const accept = (type: string) => ({ accept: type });

test('discovery follows the definitions', async () => {
  const api = await testApiServer();
  const core = await send(api, 'GET', '/api/v1');
  expect(core.value.resources).toContainEqual({
    name: 'configmaps',
    singularName: 'configmap',
    namespaced: true,
    kind: 'ConfigMap',
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    shortNames: ['cm'],
    storageVersionHash: 'qFsyl6wFWjQ=',
  });
  expect(core.value.resources).toContainEqual({
    name: 'namespaces/finalize',
    singularName: '',
    namespaced: false,
    kind: 'Namespace',
    verbs: ['update'],
  });
  const groups = await send(api, 'GET', '/apis');
  expect(groups.value).toMatchObject({ kind: 'APIGroupList' });
  expect((await send(api, 'GET', '/apis/coordination.k8s.io')).value).toMatchObject({
    kind: 'APIGroup',
    name: 'coordination.k8s.io',
    preferredVersion: { groupVersion: 'coordination.k8s.io/v1' },
  });

  const aggregated = accept('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json');
  const all = await send(api, 'GET', '/apis', undefined, aggregated);
  expect(all.response.headers['content-type']).toBe(
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  );
  expect(all.value).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
  const etag = all.response.headers['etag'] ?? '';
  const cached = await send(api, 'GET', '/apis', undefined, { ...aggregated, 'if-none-match': etag });
  expect([cached.response.status, cached.text]).toEqual([304, '']);
  api.server.definitions.remove(leases);
  const later = await send(api, 'GET', '/apis', undefined, { ...aggregated, 'if-none-match': etag });
  expect(later.response.status).toBe(200);
  expect(later.text).not.toContain('coordination.k8s.io');
});

test('version, index, and methods that paths do not take', async () => {
  const api = await testApiServer();
  const version = await send(api, 'GET', '/version');
  expect(version.value).toMatchObject({ major: '1', minor: '37', gitVersion: 'v1.37.1+stuurman' });
  expect((await send(api, 'GET', '/')).value.paths).toContain('/apis/coordination.k8s.io/v1');
  expect((await send(api, 'POST', '/version')).value).toMatchObject({ code: 405 });
  const head = await send(api, 'HEAD', '/version');
  expect([head.response.status, head.text]).toEqual([405, '']);
});
