import { describe, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { configMaps, deployments, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { readHttpText } from '../../wire/http-body.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import type { WatchEvent } from '../client.ts';
import { HttpsClient } from './https-client.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

type Answer = (request: HttpRequest) => HttpResponse | Error | Promise<HttpResponse>;

/** A client before a server that gives these answers in turn, the last one for ever. */
function clientBefore(...answers: readonly Answer[]) {
  const environment = new VirtualEnvironment(1);
  const sent: Sent[] = [];
  const target: HttpTarget = {
    async fetch(request) {
      const text = await readHttpText(request.body);
      const body = text === '' ? undefined : JSON.parse(text);
      sent.push({ method: request.method, path: request.path, contentType: request.headers['content-type'], body });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      const result = await answer?.(request);
      if (result === undefined || result instanceof Error) throw result;
      return result;
    },
    upgrade: () => Promise.reject<UpgradeResponse>(new Error('not asked for')),
  };
  return { client: new HttpsClient({ environment, target, timeoutMs: 60_000 }), environment, sent };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(body)),
});
const text = (status: number, body: string, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(body),
});
const failureOf = async (promise: Promise<unknown>): Promise<StatusError> => {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof StatusError)) throw new Error(`not a StatusError: ${String(error)}`);
  return error;
};
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

describe('watch', () => {
  const object = (name: string, resourceVersion: string, annotations = {}) => ({
    metadata: { name, resourceVersion, annotations },
  });
  const frame = (type: string, body: object) => `${JSON.stringify({ type, object: body })}\n`;

  function stream(bytes: Buffer, size: number): HttpResponse['body'] {
    return (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
  }

  async function collect(events: AsyncIterable<WatchEvent<object>>): Promise<readonly WatchEvent<object>[]> {
    return Array.fromAsync(events);
  }

  test.each([1, 2, 7, 1000])('events are read from chunks of %i bytes', async (size) => {
    const bytes = Buffer.from(
      frame('ADDED', object('zu\u00e9-\u{1f6a2}', '5')) +
        '\n' +
        frame('BOOKMARK', object('', '6', { 'k8s.io/initial-events-end': 'true' })) +
        frame('MODIFIED', object('b', '7')) +
        frame('DELETED', object('b', '8')) +
        frame('BOOKMARK', object('', '9')) +
        '{"type":"ADDED","object":{"cut off',
    );
    const { client, sent } = clientBefore(() => ({ status: 200, headers: {}, body: stream(bytes, size) }));
    expect(
      await collect(
        client.watch(pods, { namespace: 'a', sendInitialEvents: true, allowWatchBookmarks: true, timeoutSeconds: 300 }),
      ),
    ).toEqual([
      { type: 'ADDED', object: object('zu\u00e9-\u{1f6a2}', '5') },
      { type: 'BOOKMARK', resourceVersion: '6', initialEventsEnd: true },
      { type: 'MODIFIED', object: object('b', '7') },
      { type: 'DELETED', object: object('b', '8') },
      { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: false },
    ]);
    expect(sent[0]?.path).toBe(
      '/api/v1/namespaces/a/pods?resourceVersionMatch=NotOlderThan&watch=true&allowWatchBookmarks=true&sendInitialEvents=true&timeoutSeconds=300',
    );
  });

  test('an ERROR event is thrown as the StatusError it is', async () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'too old resource version: 1 (5)',
      reason: 'Expired',
      code: 410,
    };
    const bytes = Buffer.from(frame('ADDED', object('a', '1')) + frame('ERROR', status));
    const { client } = clientBefore(() => ({ status: 200, headers: {}, body: stream(bytes, 50) }));
    const seen: string[] = [];
    const failed = await failureOf(
      (async () => {
        for await (const event of client.watch(pods)) seen.push(event.type);
      })(),
    );
    expect(seen).toEqual(['ADDED']);
    expect(failed.status).toEqual(status);
  });

  test.each([
    'not json\n',
    '{"type":"ADDED"}\n',
    '{"type":"WHAT","object":{}}\n',
    '{"type":"ERROR","object":{}}\n',
    'null\n',
  ])('a frame of %j is an error', async (frame) => {
    const { client } = clientBefore(() => ({ status: 200, headers: {}, body: stream(Buffer.from(frame), 100) }));
    expect((await failureOf(collect(client.watch(pods)))).message).toMatch(
      /^unable to decode an event from the watch stream: /,
    );
  });

  test('a refused watch throws what the server says', async () => {
    const { client } = clientBefore(() => text(403, 'no'));
    expect(await failureOf(collect(client.watch(pods)))).toMatchObject({ reason: 'Forbidden' });
  });

  test('a connection that breaks is an error, not an end', async () => {
    const broken = async function* () {
      yield Buffer.from(frame('ADDED', object('a', '1')));
      throw new Error('aborted');
    };
    const { client } = clientBefore(() => ({ status: 200, headers: {}, body: broken() }));
    expect(await failureOf(collect(client.watch(pods)))).toMatchObject({ reason: 'ServiceUnavailable' });
  });

  test('a reader that leaves lets the stream go, and an abort is thrown as it is', async () => {
    let returned = 0;
    const endless = async function* () {
      try {
        for (;;) yield Buffer.from(frame('ADDED', object('a', '1')));
      } finally {
        returned++;
      }
    };
    const { client } = clientBefore(() => ({ status: 200, headers: {}, body: endless() }));
    for await (const _ of client.watch(pods)) break;
    expect(returned).toBe(1);
    const abort = new AbortController();
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const _ of client.watch(pods, { signal: abort.signal })) {
        abort.abort(reason);
        throw new Error('a broken connection, say');
      }
    })();
    await expect(reading).rejects.toThrow('a broken connection, say');
    expect(returned).toBe(2);
  });

  test('on a dead connection ends some time after it should have', async () => {
    const { client, environment } = clientBefore((request) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(frame('ADDED', object('a', '1')));
        await new Promise((_, reject) =>
          request.signal?.addEventListener('abort', () => reject(request.signal?.reason)),
        );
      })(),
    }));
    const events = collect(client.watch(pods, { timeoutSeconds: 300 }));
    await environment.advance(329_999);
    const pending = await Promise.race([events.then(() => false), environment.settle().then(() => true)]);
    expect(pending).toBe(true);
    await environment.advance(1);
    expect(await events).toHaveLength(1);
  });
});
