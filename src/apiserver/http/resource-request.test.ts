import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { send } from '../../../test/support/test-http.ts';

const collection = '/api/v1/namespaces/default/configmaps';

test('creates, reads, replaces and deletes', async () => {
  const api = await testApiServer();
  const created = await send(api, 'POST', collection, { metadata: { name: 'a' }, data: { k: 'v' } });
  expect(created.response.status).toBe(201);
  expect(created.response.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    'audit-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(created.value).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: '2' } });
  expect((await send(api, 'GET', `${collection}/a`)).text).toBe(created.text);
  expect(created.text.endsWith('}\n')).toBe(true);
  const replaced = await send(api, 'PUT', `${collection}/a`, { metadata: { name: 'a' }, data: { k: 'w' } });
  expect(replaced.response.status).toBe(200);
  expect(replaced.value.data).toEqual({ k: 'w' });
  const deleted = await send(api, 'DELETE', `${collection}/a`);
  expect(deleted.value).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'a', kind: 'configmaps', uid: created.value.metadata.uid },
  });
  expect((await send(api, 'GET', `${collection}/a`)).value).toMatchObject({ reason: 'NotFound', code: 404 });
});

test('bodies that cannot be read', async () => {
  const api = await testApiServer();
  const plain = await send(api, 'POST', collection, '{}', { 'content-type': 'text/plain' });
  expect(plain.value).toMatchObject({
    code: 415,
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  });
  const broken = await send(api, 'POST', collection, '{');
  expect(broken.value.message).toBe(
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)",
  );
  const large = await send(api, 'POST', collection, ' '.repeat(3 * 1024 * 1024 + 1));
  expect(large.value).toMatchObject({ code: 413, message: 'Request entity too large: limit is 3145728' });
});

test('unknown fields are warned of, each once', async () => {
  const api = await testApiServer();
  const { response } = await send(api, 'POST', collection, { metadata: { name: 'a' }, 'fo"o': 1 });
  expect(response.headers['warning']).toBe('299 - "unknown field \\"fo\\\\\\"o\\""');
});

test('patches by JSON, merge and strategic merge', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'v' } });
  const path = `${collection}/a`;
  const merge = await send(
    api,
    'PATCH',
    path,
    { data: { l: 'm' } },
    { 'content-type': 'application/merge-patch+json' },
  );
  expect(merge.value.data).toEqual({ k: 'v', l: 'm' });
  const operations = [{ op: 'remove', path: '/data/k' }];
  const rfc = await send(api, 'PATCH', path, operations, { 'content-type': 'application/json-patch+json' });
  expect(rfc.value.data).toEqual({ l: 'm' });
  const strategic = { metadata: { labels: { x: null } } };
  const media = { 'content-type': 'application/strategic-merge-patch+json' };
  const third = await send(api, 'PATCH', path, strategic, media);
  expect(third.value.metadata.labels).toBeUndefined();
  const same = await send(api, 'PATCH', path, strategic, media);
  expect(same.value.metadata.resourceVersion).toBe(third.value.metadata.resourceVersion);
  const renamed = await send(api, 'PATCH', path, { metadata: { uid: '1' } }, media);
  expect(renamed.value.message).toBe('ConfigMap "a" is invalid: metadata.uid: Invalid value: "1": field is immutable');
});

test('applies, creating what is not there, and says who is in conflict', async () => {
  const api = await testApiServer();
  const path = `${collection}/a`;
  const media = { 'content-type': 'application/apply-patch+yaml' };
  const config = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: ${data}\n`;
  const nobody = await send(api, 'PATCH', path, config('{}'), media);
  expect(nobody.value.message).toBe(
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  const created = await send(api, 'PATCH', `${path}?fieldManager=one`, config('{k: v, l: w}'), media);
  expect(created.response.status).toBe(201);
  expect(created.value.metadata.managedFields).toEqual([
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:k': {}, 'f:l': {} } },
    },
  ]);
  const conflict = await send(api, 'PATCH', `${path}?fieldManager=two`, config('{k: x}'), media);
  expect(conflict.value).toMatchObject({
    code: 409,
    message: 'Apply failed with 1 conflict: conflict with "one": .data.k',
    details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.k' }] },
  });
  const forced = await send(api, 'PATCH', `${path}?fieldManager=two&force=true`, config('{k: x}'), media);
  expect(forced.value.data).toEqual({ k: 'x', l: 'w' });
  const less = await send(api, 'PATCH', `${path}?fieldManager=one`, config('{}'), media);
  expect(less.value.data).toEqual({ k: 'x' });
  const same = await send(api, 'PATCH', `${path}?fieldManager=one`, config('{}'), media);
  expect(same.value.metadata.resourceVersion).toBe(less.value.metadata.resourceVersion);
});

test('writes that are no apply are entered in managedFields too', async () => {
  const api = await testApiServer();
  await send(api, 'POST', `${collection}?fieldManager=maker`, { metadata: { name: 'a' }, data: { k: 'v' } });
  const media = { 'content-type': 'application/merge-patch+json', 'user-agent': 'curl/8' };
  const patched = await send(api, 'PATCH', `${collection}/a`, { data: { l: 'w' } }, media);
  const entries = patched.value.metadata.managedFields as { readonly manager: string; readonly fieldsV1: object }[];
  expect(entries.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['curl', { 'f:data': { 'f:l': {} } }],
    ['maker', { 'f:data': { '.': {}, 'f:k': {} } }],
  ]);
});

test('scale is another view of the same object', async () => {
  const api = await testApiServer();
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'x', image: 'x' }] },
  };
  const web = { metadata: { name: 'web' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
  expect((await send(api, 'POST', deployments, web)).response.status).toBe(201);
  const scale = await send(api, 'GET', `${deployments}/web/scale`);
  expect(scale.value).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 1 },
    status: { replicas: 0, selector: 'a=b' },
  });
  const media = { 'content-type': 'application/merge-patch+json' };
  const patched = await send(api, 'PATCH', `${deployments}/web/scale`, { spec: { replicas: 3 } }, media);
  expect(patched.value).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
  const negative = await send(api, 'PATCH', `${deployments}/web/scale`, { spec: { replicas: -1 } }, media);
  expect(negative.value.message).toBe(
    'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  );
  const stale = { metadata: { name: 'web', resourceVersion: '1' }, spec: { replicas: 5 } };
  expect((await send(api, 'PUT', `${deployments}/web/scale`, stale)).value).toMatchObject({ code: 409 });
  const object = await send(api, 'GET', `${deployments}/web`);
  expect(object.value).toMatchObject({ spec: { replicas: 3 }, metadata: { generation: 2 } });
  const status = { status: { replicas: 3 }, spec: { replicas: 9 } };
  const updated = await send(api, 'PATCH', `${deployments}/web/status`, status, media);
  expect(updated.value).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 3 }, metadata: { generation: 2 } });
});

test('lists, pages and deletes collections', async () => {
  const api = await testApiServer();
  for (const name of ['a', 'b', 'c']) await send(api, 'POST', collection, { metadata: { name } });
  const empty = await send(api, 'GET', '/api/v1/namespaces/none/configmaps');
  expect(empty.text).toBe('{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"4"},"items":[]}\n');
  const first = await send(api, 'GET', `${collection}?limit=2`);
  expect(first.value.metadata).toMatchObject({ resourceVersion: '4', remainingItemCount: 1 });
  expect(first.value.items[0].kind).toBeUndefined();
  const rest = await send(api, 'GET', `${collection}?limit=2&continue=${first.value.metadata.continue}`);
  expect(rest.value.items).toMatchObject([{ metadata: { name: 'c' } }]);
  const deleted = await send(api, 'DELETE', `${collection}?fieldSelector=metadata.name%3Db`);
  expect(deleted.value).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'b' } }] });
  expect((await send(api, 'GET', collection)).value.items).toHaveLength(2);
});
