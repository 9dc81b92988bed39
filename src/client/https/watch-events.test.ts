import { expect, test } from 'vitest';
import { clientBefore, failureOf, text } from '../../../test/support/answered-client.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpResponse } from '../../wire/http.ts';
import type { WatchEvent } from '../client.ts';

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
      await new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(request.signal?.reason)));
    })(),
  }));
  const events = collect(client.watch(pods, { timeoutSeconds: 300 }));
  await environment.advance(329_999);
  const pending = await Promise.race([events.then(() => false), environment.settle().then(() => true)]);
  expect(pending).toBe(true);
  await environment.advance(1);
  expect(await events).toHaveLength(1);
});
