import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { send } from '../../../test/support/test-http.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { SelfSubjectReviews } from '../reviews/self-subject-reviews.ts';

const collection = '/api/v1/namespaces/default/configmaps';

const accept = (type: string) => ({ accept: type });
const asTable = accept('application/json;as=Table;v=v1;g=meta.k8s.io,application/json');
const asPartial = accept('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
const asPartialList = accept('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');

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

test('the most wanted that can be had is chosen; when there is none, it is 406', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a' } });
  const get = async (type: string) => (await send(api, 'GET', `${collection}/a`, undefined, accept(type))).response;
  const typeOf = async (type: string) => (await get(type)).headers['content-type'];
  const protobuf = 'application/vnd.kubernetes.protobuf';
  expect(await typeOf(`${protobuf},application/json`)).toBe(protobuf);
  expect(await typeOf(`application/json,${protobuf}`)).toBe('application/json');
  expect(await typeOf(`application/json;q=0.5, ${protobuf};q=0.6`)).toBe(protobuf);
  expect(await typeOf(`${protobuf};q=0,*/*`)).toBe('application/json');
  expect((await get('application/cbor')).status).toBe(406);
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
  const all = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  expect(future.value.message).toBe(`only the following media types are accepted: ${all}`);
  const list = await send(api, 'GET', collection, undefined, accept('text/plain'));
  const streams = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
  expect(list.value.message).toBe(`406: Not Acceptable\n\nAvailable representations: ${all}, ${streams}`);
  const watch = await send(api, 'GET', `${collection}?watch=1`, undefined, accept(`application/yaml,${protobuf}`));
  expect(watch.text).toMatch(/^apiVersion: v1\ncode: 406\n/);
  expect(watch.text).toContain(`only the following media types are accepted: ${streams}`);
});

test('reviews and most subresources are no rows of a table, and whoever takes nothing else gets 406', async () => {
  const api = await testApiServer({ reviewHandlers: [new SelfSubjectReviews(new VirtualEnvironment(1))] });
  const tableAlone = accept('application/json;as=Table;v=v1;g=meta.k8s.io');
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const review = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
  expect((await send(api, 'POST', path, review, tableAlone)).response.status).toBe(406);
  expect((await send(api, 'POST', path, review, asTable)).value.kind).toBe('SelfSubjectReview');
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  expect((await send(api, 'GET', `${requests}/none/approval`, undefined, tableAlone)).response.status).toBe(406);
  expect((await send(api, 'GET', `${requests}/none/status`, undefined, tableAlone)).response.status).toBe(404);
});
