import { describe, expect, test } from 'vitest';
import { clientBefore, failureOf, json, text } from '../../../test/support/answered-client.ts';
import { isReason } from '../../machinery/status-error.ts';
import { configMaps, deployments, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';

const reset = (maybeSent: boolean) => () =>
  new ConnectionError('https://x', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), maybeSent);

describe('requests', () => {
  const key = { namespace: 'a', name: 'b' };
  const map = { metadata: { namespace: 'a', name: 'b' } };
  const { client, sent } = clientBefore(() => json({}));

  test.each([
    ['get', () => client.get(configMaps, key), 'GET /api/v1/namespaces/a/configmaps/b'],
    [
      'get of a subresource',
      () => client.get(deployments, key, { subresource: 'scale' }),
      'GET /apis/apps/v1/namespaces/a/deployments/b/scale',
    ],
    [
      'get of a cluster-scoped object',
      () => client.get(nodes, { name: 'system:x/y' }),
      'GET /api/v1/nodes/system%3Ax%2Fy',
    ],
    ['list', () => client.list(pods), 'GET /api/v1/pods'],
    [
      'list with options',
      () =>
        client.list(pods, {
          namespace: 'a',
          labelSelector: 'x in (1,2)',
          fieldSelector: 'spec.nodeName=n',
          limit: 5,
          continue: 'c',
          resourceVersion: '0',
          resourceVersionMatch: 'NotOlderThan',
        }),
      'GET /api/v1/namespaces/a/pods?labelSelector=x+in+%281%2C2%29&fieldSelector=spec.nodeName%3Dn&limit=5&continue=c&resourceVersion=0&resourceVersionMatch=NotOlderThan',
    ],
    [
      'create',
      () => client.create(configMaps, map, { dryRun: true, fieldManager: 'm', fieldValidation: 'Strict' }),
      'POST /api/v1/namespaces/a/configmaps?dryRun=All&fieldManager=m&fieldValidation=Strict',
    ],
    ['update', () => client.update(configMaps, map), 'PUT /api/v1/namespaces/a/configmaps/b'],
    [
      'update of status',
      () => client.update(pods, map, { subresource: 'status' }),
      'PUT /api/v1/namespaces/a/pods/b/status',
    ],
    ['delete', () => client.delete(configMaps, key), 'DELETE /api/v1/namespaces/a/configmaps/b'],
    [
      'delete of many',
      () => client.deleteCollection(configMaps, { namespace: 'a', labelSelector: 'x=y' }),
      'DELETE /api/v1/namespaces/a/configmaps?labelSelector=x%3Dy',
    ],
    [
      'create of a subresource',
      () => client.createSubresource(pods, key, 'binding', { target: { name: 'n' } }),
      'POST /api/v1/namespaces/a/pods/b/binding',
    ],
  ])('%s', async (_, call, expected) => {
    await call();
    expect(`${sent.at(-1)?.method} ${sent.at(-1)?.path}`).toBe(expected);
  });

  test.each([
    [
      { type: 'json', operations: [{ op: 'remove', path: '/data/x' }] },
      'application/json-patch+json',
      [{ op: 'remove', path: '/data/x' }],
    ],
    [{ type: 'merge', body: { data: null } }, 'application/merge-patch+json', { data: null }],
    [{ type: 'strategic', body: { data: { x: '1' } } }, 'application/strategic-merge-patch+json', { data: { x: '1' } }],
    [{ type: 'apply', body: { kind: 'ConfigMap' } }, 'application/apply-patch+yaml', { kind: 'ConfigMap' }],
  ] as const)('patch %j', async (patch, contentType, body) => {
    await client.patch(configMaps, key, patch, { force: true, fieldManager: 'm' });
    expect(sent.at(-1)).toEqual({
      method: 'PATCH',
      path: '/api/v1/namespaces/a/configmaps/b?fieldManager=m&force=true',
      contentType,
      body,
    });
  });

  test('an object is sent with its kind, the body of a subresource as it stands', async () => {
    await client.create(configMaps, map);
    expect(sent.at(-1)?.body).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', ...map });
    await client.update(pods, map, { subresource: 'resize' });
    expect(sent.at(-1)?.body).toEqual(map);
  });

  test('delete says its options, and nothing where there are none', async () => {
    await client.delete(configMaps, key);
    expect(sent.at(-1)?.body).toBeUndefined();
    await client.delete(configMaps, key, {
      gracePeriodSeconds: 0,
      propagationPolicy: 'Orphan',
      preconditions: { uid: 'u' },
      dryRun: true,
    });
    expect(sent.at(-1)?.body).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Orphan',
      preconditions: { uid: 'u' },
      dryRun: ['All'],
    });
  });
});

describe('errors', () => {
  const key = { namespace: 'a', name: 'b' };

  test('a Status is thrown as it came', async () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "b" not found',
      reason: 'NotFound',
      details: { name: 'b', kind: 'configmaps' },
      code: 404,
    };
    const { client } = clientBefore(() => json(status, 404));
    expect((await failureOf(client.get(configMaps, key))).status).toEqual(status);
  });

  test.each([
    [
      404,
      '404 page not found\n',
      'NotFound',
      'the server could not find the requested resource (get deployments.apps b)',
    ],
    [401, '', 'Unauthorized', 'the server has asked for the client to provide credentials (get deployments.apps b)'],
    [403, 'blocked by proxy', 'Forbidden', 'blocked by proxy (get deployments.apps b)'],
    [
      502,
      'bad "gateway"',
      'InternalError',
      'an error on the server ("bad \\"gateway\\"") has prevented the request from succeeding (get deployments.apps b)',
    ],
    [503, '{}', 'ServiceUnavailable', 'the server is currently unable to handle the request (get deployments.apps b)'],
    [
      418,
      '',
      undefined,
      'the server responded with the status code 418 but did not return more information (get deployments.apps b)',
    ],
  ])('an answer of %i without a Status gets the words of Kubernetes clients', async (code, body, reason, message) => {
    const { client } = clientBefore(() => text(code, body));
    const error = await failureOf(client.get(deployments, key));
    expect([error.code, error.reason, error.message]).toEqual([code, reason, message]);
    expect(error.status.details).toMatchObject({ name: 'b', group: 'apps', kind: 'deployments' });
  });

  test('an answer that is not JSON', async () => {
    const { client } = clientBefore(() => text(200, '<html>'));
    expect(await failureOf(client.get(configMaps, key))).toMatchObject({ reason: 'InternalError' });
  });

  test('an unreachable server is unavailable, with the cause', async () => {
    const { client, sent } = clientBefore(reset(false));
    const error = await failureOf(client.get(configMaps, key));
    expect(error).toMatchObject({ reason: 'ServiceUnavailable', code: 503 });
    expect(error.cause).toBeInstanceOf(ConnectionError);
    expect(sent).toHaveLength(1);
  });

  test('no answer in time', async () => {
    const { client, environment } = clientBefore(
      (request) =>
        new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(request.signal?.reason))),
    );
    const failed = failureOf(client.get(configMaps, key));
    await environment.advance(60_000);
    expect(isReason(await failed, 'Timeout')).toBe(true);
  });

  test("the caller's own abort is thrown as it is", async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const { client } = clientBefore((request) => {
      abort.abort(reason);
      return Promise.reject(request.signal?.reason);
    });
    await expect(client.get(configMaps, key, { signal: abort.signal })).rejects.toBe(reason);
  });
});

describe('retries', () => {
  const key = { namespace: 'a', name: 'b' };
  const map = { metadata: key };

  test('a request that is put off is sent again after the time said', async () => {
    const { client, environment, sent } = clientBefore(
      () => text(429, '', { 'retry-after': '5' }),
      () => text(503, '', { 'retry-after': '1' }),
      () => json({ done: true }),
    );
    const answer = client.create(configMaps, map);
    await environment.advance(5999);
    expect(sent).toHaveLength(2);
    await environment.advance(1);
    expect(await answer).toEqual({ done: true });
    expect(sent).toHaveLength(3);
  });

  test('put off for ever ends in the error', async () => {
    const { client, environment, sent } = clientBefore(() => text(429, '', { 'retry-after': '1' }));
    const failed = failureOf(client.get(configMaps, key));
    await environment.advance(60_000);
    expect(await failed).toMatchObject({ reason: 'TooManyRequests', status: { details: { retryAfterSeconds: 1 } } });
    expect(sent).toHaveLength(11);
  });

  test('without Retry-After nothing is sent again', async () => {
    const { client, sent } = clientBefore(() => text(429, ''));
    await failureOf(client.get(configMaps, key));
    expect(sent).toHaveLength(1);
  });

  test('a read whose connection breaks is repeated, a write is not', async () => {
    const reading = clientBefore(reset(true), reset(true), () => json({ done: true }));
    const answer = reading.client.get(configMaps, key);
    await reading.environment.advance(1000);
    expect(await answer).toEqual({ done: true });
    const writing = clientBefore(reset(true), () => json({}));
    expect(await failureOf(writing.client.create(configMaps, map))).toMatchObject({ reason: 'ServiceUnavailable' });
    expect(writing.sent).toHaveLength(1);
  });

  test('a read that keeps breaking ends', async () => {
    const { client, environment, sent } = clientBefore(reset(true));
    const failed = failureOf(client.get(configMaps, key));
    await environment.advance(10_000);
    await failed;
    expect(sent).toHaveLength(4);
  });

  test('a body that breaks off counts as a broken connection', async () => {
    const broken = async function* () {
      yield Buffer.from('{"half":');
      throw new Error('aborted');
    };
    const { client, environment } = clientBefore(
      () => ({ status: 200, headers: {}, body: broken() }),
      () => json({ whole: true }),
    );
    const answer = client.get(configMaps, key);
    await environment.advance(1000);
    expect(await answer).toEqual({ whole: true });
  });
});
