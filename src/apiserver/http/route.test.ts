import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { send } from '../../../test/support/test-http.ts';

const collection = '/api/v1/namespaces/default/configmaps';

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

test('unknown paths and groups are 404 in plain text', async () => {
  const api = await testApiServer();
  for (const path of ['/foo', '/apis/nope', '/apis/nope/v1/x']) {
    const { response, text } = await send(api, 'GET', path);
    expect([response.status, text]).toEqual([404, '404 page not found\n']);
  }
});
