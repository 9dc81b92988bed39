import { beforeEach, expect, test } from 'vitest';
import { readDocument, readFrames, writeDocument } from '../../../test/support/protobuf.ts';
import { allowAll, type TestApiServer, testApiServer } from '../../../test/support/test-api-server.ts';
import { connection, send } from '../../../test/support/test-http.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { readHttpBody } from '../../wire/http-body.ts';
import { accessReviews } from '../reviews/access-reviews.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const partial = ';as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const collection = '/api/v1/namespaces/default/configmaps';
const largest = 1 << 24;

let api: TestApiServer;

beforeEach(async () => {
  api = await testApiServer();
});

interface Answer {
  readonly response: HttpResponse;
  readonly value: ReturnType<typeof JSON.parse>;
}

async function ask(method: string, path: string, body?: object, accept = protobuf): Promise<Answer> {
  const headers = { 'user-agent': 'test/1.0', accept, 'content-type': protobuf };
  const document = body === undefined ? undefined : writeDocument(body as Parameters<typeof writeDocument>[0]);
  const response = await api.server.fetch({ method, path, headers, body: document }, connection);
  expect(response.headers['content-type']).toBe(protobuf);
  return { response, value: readDocument(await readHttpBody(response.body, largest)) };
}

const configMap = (name: string, data?: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const inJson = async (path: string) => (await send(api, 'GET', path)).value;

test('objects are created, read, updated and deleted as they are in JSON', async () => {
  const created = await ask('POST', collection, configMap('a', { k: 'v' }));
  expect(created.response.status).toBe(201);
  expect(created.value).toEqual(await inJson(`${collection}/a`));
  expect((await ask('GET', `${collection}/a`)).value).toEqual(created.value);
  const updated = await ask('PUT', `${collection}/a`, { ...created.value, data: { k: 'w', empty: '' } });
  expect(updated.value).toEqual(await inJson(`${collection}/a`));
  expect(updated.value.data).toEqual({ k: 'w', empty: '' });
  const deleted = await ask('DELETE', `${collection}/a`, { apiVersion: 'v1', kind: 'DeleteOptions' });
  expect(deleted.value).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Success', details: { name: 'a' } });
});

test('lists are told with their metadata, and long ones in pieces', async () => {
  for (const name of ['a', 'b', 'c']) await api.client.create(configMaps, { metadata: { name, namespace: 'default' } });
  expect((await ask('GET', `${collection}?limit=2`)).value).toEqual(await inJson(`${collection}?limit=2`));
  const names = Array.from({ length: 600 }, (_, index) => `n-${index}`);
  for (const name of names)
    await api.client.create(configMaps, { metadata: { name, namespace: 'default' }, data: { k: 'x'.repeat(1000) } });
  const { value } = await ask('GET', collection);
  expect(value).toEqual(await inJson(collection));
  expect(value.items).toHaveLength(603);
  const empty = await ask('GET', '/api/v1/namespaces/none/configmaps');
  expect(empty.value).toMatchObject({ kind: 'ConfigMapList', items: [] });
});

test('metadata alone; tables are not to be had', async () => {
  await api.client.create(configMaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
  const json = await send(api, 'GET', `${collection}/a`, undefined, { accept: `application/json${partial}` });
  expect((await ask('GET', `${collection}/a`, undefined, `${protobuf}${partial}`)).value).toEqual(json.value);
  const asList = partial.replace('Metadata', 'MetadataList');
  const { value } = await ask('GET', collection, undefined, `${protobuf}${asList}`);
  expect(value).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: json.value.metadata }] });
  const table = `${protobuf};as=Table;g=meta.k8s.io;v=v1`;
  const refused = await send(api, 'GET', collection, undefined, { accept: table });
  expect(refused.value).toMatchObject({
    code: 406,
    message:
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  });
  const fallback = { accept: `${table},application/json;as=Table;g=meta.k8s.io;v=v1` };
  expect((await send(api, 'GET', collection, undefined, fallback)).value.kind).toBe('Table');
});

test('errors, reviews, subresources and discovery', async () => {
  api = await testApiServer({ reviewHandlers: accessReviews(allowAll) });
  const missing = await ask('GET', `${collection}/none`);
  expect(missing.response.status).toBe(404);
  expect(missing.value).toMatchObject({ kind: 'Status', code: 404, details: { name: 'none', kind: 'configmaps' } });
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const allowed = await ask('POST', path, {
    ...review,
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  });
  expect(allowed.value).toMatchObject({ ...review, status: { allowed: true } });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { replicas: 3, selector: { matchLabels: { a: 'b' } }, template };
  const sets = '/apis/apps/v1/namespaces/default/replicasets';
  await ask('POST', sets, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'r' }, spec });
  const scale = await ask('GET', `${sets}/r/scale`);
  expect(scale.value).toEqual(await inJson(`${sets}/r/scale`));
  expect(scale.value).toMatchObject({ apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 3 } });
  const more = await ask('PUT', `${sets}/r/scale`, { ...scale.value, spec: { replicas: 4 } });
  expect(more.value.spec.replicas).toBe(4);
  for (const document of ['/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1'])
    expect((await ask('GET', document)).value).toMatchObject({ apiVersion: '', ...(await inJson(document)) });
});

test('aggregated discovery', async () => {
  const aggregated = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const headers = { accept: `${protobuf}${aggregated}` };
  const { body, headers: given } = await api.server.fetch({ method: 'GET', path: '/apis', headers }, connection);
  expect(given['content-type']).toBe(`${protobuf}${aggregated}`);
  const json = await send(api, 'GET', '/apis', undefined, { accept: `application/json${aggregated}` });
  const value = readDocument(await readHttpBody(body, largest));
  expect(value).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
  expect(value.items).toMatchObject(json.value.items);
});

async function watch(query: string, accept = protobuf) {
  const path = `${collection}?watch=1&timeoutSeconds=5&${query}`;
  const response = await api.server.fetch({ method: 'GET', path, headers: { accept } }, connection);
  expect(response.headers['content-type']).toBe(`${protobuf};stream=watch`);
  const reading = readHttpBody(response.body, largest);
  await api.environment.settle();
  return async () => {
    await api.environment.advance(6_000);
    return readFrames(await reading);
  };
}

test('a watch in frames, whole and of metadata alone', async () => {
  await api.client.create(configMaps, { metadata: { name: 'a', namespace: 'default' } });
  const ended = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
  const endedToo = await watch('', `${protobuf};stream=watch${partial}`);
  await api.client.update(configMaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
  const whole = await ended();
  expect(whole).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: '2' } } },
    {
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    },
    { type: 'MODIFIED', object: { data: { k: 'v' }, metadata: { resourceVersion: '3' } } },
    { type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion: '3' } } },
  ]);
  expect(whole[2]?.object).toEqual(await inJson(`${collection}/a`));
  const metadata = await endedToo();
  expect(metadata).toMatchObject([
    { type: 'ADDED', object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } } },
    { type: 'MODIFIED', object: { metadata: { resourceVersion: '3' } } },
  ]);
});

test('a watch that cannot begin says so within the stream', async () => {
  const asking = watch('resourceVersion=999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan');
  await api.environment.advance(4_000);
  expect(await (await asking)()).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 504 } }]);
});
