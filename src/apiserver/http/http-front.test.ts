import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { admin, type TestApiServer, testApiServer } from '../../../test/support/test-api-server.ts';
import { configMaps, leases, pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, HttpResponse } from '../../wire/http.ts';
import { readHttpBody, readHttpText } from '../../wire/http-body.ts';
import type { HttpConnection } from '../../wire/http-handler.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';

const connection: HttpConnection = {
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  secure: true,
  certificate: { commonName: 'admin', organizations: ['system:masters'], fingerprint: '' },
  certificateError: undefined,
};
const json = { 'content-type': 'application/json' };
const collection = '/api/v1/namespaces/default/configmaps';

interface Sent {
  readonly response: HttpResponse;
  readonly text: string;
  readonly value: ReturnType<typeof JSON.parse>;
}

async function send(
  { server }: TestApiServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = json,
): Promise<Sent> {
  const bytes =
    body === undefined ? undefined : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  const request: HttpRequest = { method, path, headers: { 'user-agent': 'test/1.0', ...headers }, body: bytes };
  const response = await server.fetch(request, connection);
  const text = await readHttpText(response.body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  return { response, text, value };
}

const accept = (type: string) => ({ accept: type });
const asTable = accept('application/json;as=Table;v=v1;g=meta.k8s.io,application/json');
const asPartial = accept('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
const asPartialList = accept('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');

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

test.each<[method: string, path: string, body: unknown, code: number, message: string]>([
  [
    'POST',
    collection,
    { metadata: { name: 'x', namespace: 'other' } },
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    'POST',
    '/api/v1/configmaps',
    { metadata: { name: 'x' } },
    405,
    'the server does not allow this method on the requested resource',
  ],
  ['POST', `${collection}/a`, {}, 405, 'the server does not allow this method on the requested resource'],
  ['PUT', collection, {}, 405, 'the server does not allow this method on the requested resource'],
  [
    'PUT',
    `${collection}/a`,
    { metadata: { name: 'b' } },
    400,
    'the name of the object (b) does not match the name on the URL (a)',
  ],
  [
    'PUT',
    `${collection}/a`,
    { metadata: {} },
    400,
    'the name of the object (a based on URL) was undeterminable: name must be provided',
  ],
  [
    'PUT',
    `${collection}/a`,
    { metadata: { name: 'a', resourceVersion: '1' } },
    409,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  ],
  ['PUT', `${collection}/nope`, { metadata: { name: 'nope' } }, 404, 'configmaps "nope" not found'],
  [
    'POST',
    collection,
    { metadata: { name: 'c', resourceVersion: '5' } },
    500,
    'resourceVersion should not be set on objects to be created',
  ],
  ['GET', '/api/v1/foos', undefined, 404, 'the server could not find the requested resource'],
  ['GET', '/api/v1/configmaps/a', undefined, 404, 'the server could not find the requested resource'],
  ['GET', `${collection}/a/status`, undefined, 404, 'the server could not find the requested resource'],
  ['GET', '/apis/coordination.k8s.io/v7/leases', undefined, 404, 'the server could not find the requested resource'],
  ['GET', '/apis/coordination.k8s.io/v7', undefined, 404, 'the server could not find the requested resource'],
  ['GET', `${collection}?limit=abc`, undefined, 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
  [
    'GET',
    `${collection}?resourceVersion=abc`,
    undefined,
    400,
    'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  [
    'GET',
    `${collection}/a?resourceVersion=abc`,
    undefined,
    500,
    'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  [
    'GET',
    `${collection}?sendInitialEvents=true`,
    undefined,
    422,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  ],
  [
    'GET',
    `${collection}?watch=1&resourceVersionMatch=Exact`,
    undefined,
    422,
    'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
  ],
  [
    'GET',
    `${collection}?fieldSelector=foo%3Dbar`,
    undefined,
    400,
    '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  [
    'GET',
    `${collection}?continue=e30`,
    undefined,
    400,
    'invalid continue token: continue key is not valid: server does not recognize this encoded version ',
  ],
  [
    'GET',
    `${collection}/a?timeout=abc`,
    undefined,
    400,
    'invalid timeout specified in the request URL - time: invalid duration "abc"',
  ],
  [
    'POST',
    `${collection}?dryRun=foo`,
    {},
    422,
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["foo"]: supported values: "All"',
  ],
  [
    'PUT',
    `${collection}/a?fieldValidation=foo`,
    {},
    422,
    'UpdateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "foo": supported values: "", "Ignore", "Strict", "Warn"',
  ],
  [
    'POST',
    `${collection}?fieldValidation=Strict`,
    { metadata: { name: 'x' }, foo: 1 },
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
  ],
  [
    'DELETE',
    `${collection}/a?propagationPolicy=foo`,
    undefined,
    422,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "foo": supported values: "Foreground", "Background", "Orphan", "nil"',
  ],
  [
    'DELETE',
    `${collection}/a`,
    { kind: 'Foo', apiVersion: 'v1' },
    400,
    'no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'DELETE',
    `${collection}/a`,
    { preconditions: { uid: 'x' } },
    409,
    'the UID in the precondition (x) does not match the UID in record',
  ],
  ['PATCH', `${collection}/a`, {}, 415, '415: Unsupported Media Type'],
])('%s %s %j answers %i', async (method, path, body, code, message) => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a' } });
  const { response, value } = await send(api, method, path, body);
  expect(value).toMatchObject({ kind: 'Status', status: 'Failure', code });
  expect(value.message).toContain(message);
  expect(response.status).toBe(code);
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

test('unknown paths and groups are 404 in plain text', async () => {
  const api = await testApiServer();
  for (const path of ['/foo', '/apis/nope', '/apis/nope/v1/x']) {
    const { response, text } = await send(api, 'GET', path);
    expect([response.status, text]).toEqual([404, '404 page not found\n']);
  }
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

test('YAML in and out, and JSON for people', async () => {
  const api = await testApiServer();
  const yaml = 'metadata: {name: a}\ndata: {answer: "yes"}\n';
  const created = await send(api, 'POST', collection, yaml, { 'content-type': 'application/yaml' });
  expect(created.value.data).toEqual({ answer: 'yes' });
  const out = await send(api, 'GET', `${collection}/a`, undefined, accept('application/yaml'));
  expect(out.response.headers['content-type']).toBe('application/yaml');
  expect(out.text).toMatch(/^apiVersion: v1\ndata:\n {2}answer: "yes"\nkind: ConfigMap\nmetadata:\n/);
  const list = await send(api, 'GET', collection, undefined, accept('application/yaml'));
  expect(list.text).toMatch(
    /^apiVersion: v1\nitems:\n- data:\n {4}answer: "yes"\n {2}metadata:\n[\s\S]*\nkind: ConfigMapList\nmetadata:\n {2}resourceVersion: "2"\n$/,
  );
  const pretty = await send(api, 'GET', `${collection}/a?pretty=true`);
  expect(pretty.text).toBe(`${JSON.stringify(created.value, null, 2)}\n`);
  const prettyList = await send(api, 'GET', `${collection}?pretty=1`);
  expect(prettyList.text).toBe(`${JSON.stringify(prettyList.value, null, 2)}\n`);
  const none = await send(api, 'GET', `/api/v1/namespaces/none/configmaps?pretty=1`);
  expect(none.text).toBe(`${JSON.stringify(none.value, null, 2)}\n`);
});

test('tables and metadata alone', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a', annotations: { x: '}' } }, data: { k: 'v' } });
  await api.environment.advance(61_000);
  const table = await send(api, 'GET', collection, undefined, asTable);
  expect(table.value).toMatchObject({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '2' },
    columnDefinitions: [{ name: 'Name', format: 'name' }, { name: 'Data' }, { name: 'Age' }],
    rows: [{ cells: ['a', 1, '61s'], object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
  });
  const bare = await send(api, 'GET', `${collection}/a?includeObject=None`, undefined, asTable);
  expect(bare.value.rows).toEqual([{ cells: ['a', 1, '61s'], object: null }]);
  const whole = await send(api, 'GET', `${collection}/a?includeObject=Object`, undefined, asTable);
  expect(whole.value.rows[0].object).toMatchObject({ kind: 'ConfigMap', data: { k: 'v' } });
  const wrong = await send(api, 'GET', `${collection}/a?includeObject=Foo`, undefined, asTable);
  expect(wrong.value.code).toBe(400);
  const partial = await send(api, 'GET', `${collection}/a`, undefined, asPartial);
  expect(partial.value).toMatchObject({
    kind: 'PartialObjectMetadata',
    metadata: { name: 'a', annotations: { x: '}' }, resourceVersion: '2' },
  });
  expect(partial.value.data).toBeUndefined();
  const list = await send(api, 'GET', collection, undefined, asPartialList);
  expect(list.value).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata' }] });
  const mixed = await send(api, 'GET', collection, undefined, asPartial);
  expect(mixed.value).toMatchObject({ code: 406, message: expect.stringContaining('is a list (*core.ConfigMapList)') });
});

test('what cannot be represented is 406; Go clients fall back from protobuf', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a' } });
  const get = async (type: string) => (await send(api, 'GET', `${collection}/a`, undefined, accept(type))).response;
  const both = await get('application/vnd.kubernetes.protobuf,application/json');
  expect([both.status, both.headers['content-type']]).toEqual([200, 'application/json']);
  expect((await get('application/vnd.kubernetes.protobuf')).status).toBe(406);
  expect((await get('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')).status).toBe(200);
  const quality = await get('application/json;q=0.1,application/yaml;q=0.9');
  expect(quality.headers['content-type']).toBe('application/yaml');
  const future = await send(
    api,
    'GET',
    `${collection}/a`,
    undefined,
    accept('application/json;as=Table;v=v9;g=meta.k8s.io'),
  );
  expect(future.value.message).toBe('only the following media types are accepted: application/json, application/yaml');
});

test('watches as a stream of frames', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a' } });
  const request = { method: 'GET', path: `${collection}?watch=1&timeoutSeconds=5`, headers: asTable };
  const whole = await api.server.fetch({ ...request, headers: {} }, connection);
  const table = await api.server.fetch(request, connection);
  const reading = [readHttpText(whole.body), readHttpText(table.body)];
  await api.environment.settle();
  await api.client.update(configMaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
  await api.environment.advance(6_000);
  const [frames = [], rows = []] = (await Promise.all(reading)).map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  expect(frames).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: '2' } } },
    { type: 'MODIFIED', object: { data: { k: 'v' }, metadata: { resourceVersion: '3' } } },
  ]);
  expect(rows).toMatchObject([
    { type: 'ADDED', object: { kind: 'Table', columnDefinitions: [{}, {}, {}], rows: [{ cells: ['a', 0, '0s'] }] } },
    { type: 'MODIFIED', object: { columnDefinitions: null, rows: [{ cells: ['a', 1, '0s'] }] } },
  ]);
});

test('a watch that cannot begin says so within the stream', async () => {
  const api = await testApiServer();
  const sent = send(
    api,
    'GET',
    `${collection}?watch=1&resourceVersion=999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  );
  await api.environment.advance(4_000);
  const { response, value } = await sent;
  expect(response.status).toBe(200);
  expect(value).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 504, reason: 'Timeout' } });
});

test('large answers are compressed for those who take it, and made in pieces', async () => {
  const api = await testApiServer();
  const data = { k: 'x'.repeat(100_000) };
  for (let index = 0; index < 8; index++)
    await send(api, 'POST', collection, { metadata: { name: `n${index}` }, data });
  const plain = await send(api, 'GET', collection);
  expect(plain.response.body).not.toBeInstanceOf(Uint8Array);
  expect(plain.value.items).toHaveLength(8);
  const request = { method: 'GET', path: collection, headers: { 'accept-encoding': 'gzip' } };
  const response = await api.server.fetch(request, connection);
  expect(response.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(await readHttpBody(response.body)).toString()).toBe(plain.text);
  const small = await api.server.fetch({ ...request, path: `${collection}/n0` }, connection);
  expect(small.headers['content-encoding']).toBeUndefined();
});

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

test('what goes wrong inside is a 500 for that request alone, with its cause in the log', async () => {
  const logged: unknown[] = [];
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (...line: unknown[]) => logged.push(line),
    child: () => logger,
  };
  const api = await testApiServer({
    logger,
    admission: [
      {
        name: 'broken',
        validate: ({ name }) => {
          if (name === 'boom') throw new Error('a bug');
        },
      },
    ],
  });
  const broken = await send(api, 'POST', collection, { metadata: { name: 'boom' } });
  expect(broken.value).toMatchObject({ code: 500, reason: 'InternalError', message: 'Internal error occurred: a bug' });
  expect(logged).toHaveLength(1);
  expect((await send(api, 'POST', collection, { metadata: { name: 'fine' } })).response.status).toBe(201);
});

test('credentials, certificates and impersonation decide who asks', async () => {
  const seen: string[] = [];
  const api = await testApiServer({
    authenticators: [
      {
        name: 'certificate',
        authenticate: async ({ certificate }) =>
          certificate && { username: certificate.commonName, groups: certificate.organizations, extra: {} },
      },
    ],
    authorizers: [
      {
        name: 'recorder',
        authorize: (user, info) => {
          seen.push(`${user.username} ${info.verb}`);
          const decision = user.username === 'admin' || user.username === 'bob' ? 'allow' : 'noOpinion';
          return { decision, reason: '' };
        },
      },
    ],
  });
  await send(api, 'GET', collection, undefined, { 'impersonate-user': 'bob' });
  expect(seen.at(-1)).toBe('bob list');
  const stranger = { ...connection, certificate: undefined };
  const anonymous = await api.server.fetch({ method: 'GET', path: '/api', headers: {} }, stranger);
  expect(JSON.parse(await readHttpText(anonymous.body))).toMatchObject({
    code: 403,
    message: 'forbidden: User "system:anonymous" cannot get path "/api"',
  });
  const expiredCertificate = { ...stranger, certificateError: 'expired' };
  const refused = await api.server.fetch({ method: 'GET', path: '/api', headers: {} }, expiredCertificate);
  expect(refused.status).toBe(401);
});

test('too many requests are refused with a time to come back', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const api = await testApiServer({
    flowLimits: { maxReadsInFlight: 1, maxMutationsInFlight: 1, maxWaiting: 1, maxWaitMs: 1_000 },
    admission: [{ name: 'slow', validate: () => held }],
  });
  const create = (name: string) => send(api, 'POST', collection, { metadata: { name } });
  const first = create('a');
  const second = create('b');
  await api.environment.settle();
  const third = await create('c');
  expect(third.response.headers['retry-after']).toBe('1');
  expect(third.value).toMatchObject({ code: 429, message: 'Too many requests, please try again later.' });
  expect((await send(api, 'GET', collection)).response.status).toBe(200);
  await api.environment.advance(1_001);
  expect((await second).value).toMatchObject({ code: 429 });
  release();
  expect((await first).response.status).toBe(201);
});

test('streams go to their handler, by request and by upgrade, after authorisation and admission', async () => {
  const admitted: string[] = [];
  const exec: ConnectHandler = {
    resource: pods,
    subresource: 'exec',
    methods: ['GET', 'POST'],
    fetch: async ({ info }, path) => ({
      status: 400,
      headers: {},
      body: new TextEncoder().encode(`${info.name} ${path}`),
    }),
    upgrade: async () => ({ status: 403, headers: {} }),
  };
  const api = await testApiServer({
    connectHandlers: [exec],
    admission: [{ name: 'connect', validate: ({ operation, name }) => void admitted.push(`${operation} ${name}`) }],
  });
  const path = '/api/v1/namespaces/default/pods/p/exec';
  expect((await send(api, 'GET', `${path}/a/b?command=ls`)).text).toBe('p /a/b');
  const upgraded = await api.server.upgrade({ method: 'GET', path, headers: { upgrade: 'websocket' } }, connection);
  expect(upgraded.status).toBe(403);
  expect(admitted).toEqual(['CONNECT p', 'CONNECT p']);
  expect((await send(api, 'PUT', path, {})).value).toMatchObject({ code: 405 });
});

test('a direct client reaches paths too, as its user', async () => {
  const { server } = await testApiServer();
  const response = await server.client(admin).http.fetch({ method: 'GET', path: '/version', headers: {} });
  expect(await readHttpText(response.body)).toContain('v1.37.1+stuurman');
});
