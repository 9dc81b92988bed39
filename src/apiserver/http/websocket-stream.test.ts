import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { readFrame } from '../../../test/support/protobuf.ts';
import { admin, type TestApiServer, testApiServer } from '../../../test/support/test-api-server.ts';
import { connection } from '../../../test/support/test-http.ts';
import { configMaps, pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import { WebSocketConnection } from '../../wire/websocket/websocket-connection.ts';
import { BearerTokens } from '../authn/bearer-tokens.ts';
import { StaticTokens } from '../authn/static-tokens.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';

const key = Buffer.alloc(16, 1).toString('base64');
const ask = (path: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'GET',
  path,
  headers: { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key, ...headers },
});

/** What comes over it, in order, and how it ends. */
function listen(answer: UpgradeResponse) {
  if (answer.connection === undefined) throw new Error(`refused with ${answer.status}`);
  const heard: (readonly [type: string, text: string])[] = [];
  const socket = new WebSocketConnection(answer.connection, {
    environment: realEnvironment,
    onMessage: (data, type) => heard.push([type, data.toString()]),
  });
  return { heard, socket, protocol: answer.headers['sec-websocket-protocol'] };
}

describe('a watch', () => {
  const path = '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=60';
  const origin = { origin: 'http://localhost' };
  const watch = async (api: TestApiServer, headers: Record<string, string>, query = '') =>
    api.server.upgrade(ask(path + query, headers), connection);
  const create = (api: TestApiServer, name: string) =>
    api.client.create(configMaps, { metadata: { name, namespace: 'default' } });

  test('has one text for each event, until it ends', async () => {
    const api = await testApiServer();
    await create(api, 'first');
    const { heard, socket } = listen(await watch(api, origin));
    await expect.poll(() => heard.length).toBe(1);
    await create(api, 'second');
    await create(api, 'third');
    await expect.poll(() => heard.length).toBe(3);
    expect(heard.map(([type, text]) => [type, JSON.parse(text).object.metadata.name, text.endsWith('\n')])).toEqual([
      ['text', 'first', true],
      ['text', 'second', true],
      ['text', 'third', true],
    ]);
    // What the client says is for nobody.
    socket.send(Buffer.from('hello'), 'text', () => undefined);
    await api.environment.advance(70_000);
    expect(await socket.closed).toEqual({ code: 1000, reason: '' });
  });

  test('has one binary message for each event in protobuf, which tells its own length', async () => {
    const api = await testApiServer();
    await create(api, 'first');
    await create(api, 'second');
    const answer = await watch(api, { ...origin, accept: 'application/vnd.kubernetes.protobuf' });
    if (answer.connection === undefined) throw new Error(`refused with ${answer.status}`);
    const heard: unknown[] = [];
    const socket = new WebSocketConnection(answer.connection, {
      environment: realEnvironment,
      onMessage: (data, type) => heard.push([type, readFrame(data).object.metadata.name]),
    });
    await expect
      .poll(() => heard)
      .toEqual([
        ['binary', 'first'],
        ['binary', 'second'],
      ]);
    socket.destroy();
  });

  test('ends with its client', async () => {
    const api = await testApiServer();
    const gone = new AbortController();
    const answer = await api.server.upgrade({ ...ask(path, origin), signal: gone.signal }, connection);
    const { socket } = listen(answer);
    socket.close();
    gone.abort();
    expect((await socket.closed).code).toBe(1000);
  });

  test('takes the one protocol that the client names', async () => {
    const api = await testApiServer();
    const { protocol, socket } = listen(await watch(api, { ...origin, 'sec-websocket-protocol': 'my.own' }));
    expect(protocol).toBe('my.own');
    socket.destroy();
  });

  test('tells what history does not have', async () => {
    const api = await testApiServer();
    const answering = watch(
      api,
      origin,
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999999',
    );
    await api.environment.settle();
    await api.environment.advance(10_000);
    const { heard, socket } = listen(await answering);
    await socket.closed;
    expect(JSON.parse(heard[0]?.[1] ?? '{}')).toMatchObject({ type: 'ERROR', object: { kind: 'Status' } });
  });

  test.each([
    [{}, 403],
    [{ ...origin, 'sec-websocket-protocol': 'a, b' }, 400],
    [{ ...origin, 'sec-websocket-version': '8' }, 426],
  ])('with %j is refused', async (headers, status) => {
    expect(await watch(await testApiServer(), headers)).toMatchObject({ status });
  });

  test('of what is not served is answered as ever', async () => {
    const { server } = await testApiServer();
    expect(await server.upgrade(ask('/api/v1/nopes?watch=true', origin), connection)).toMatchObject({ status: 404 });
  });
});

describe('a log', () => {
  const path = '/api/v1/namespaces/default/pods/p/log';
  const log: ConnectHandler = {
    resource: pods,
    subresource: 'log',
    methods: ['GET'],
    fetch: async ({ query }) => {
      if (query.has('none')) return { status: 204, headers: {} };
      const body = [Buffer.from('one\n'), Buffer.from('two\n')].values();
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          yield* body;
        })(),
      };
    },
  };

  test.each([
    [
      '',
      undefined,
      [
        ['binary', ''],
        ['binary', 'one\n'],
        ['binary', 'two\n'],
      ],
    ],
    [
      'binary.k8s.io',
      'binary.k8s.io',
      [
        ['binary', ''],
        ['binary', 'one\n'],
        ['binary', 'two\n'],
      ],
    ],
    [
      'base64.binary.k8s.io',
      'base64.binary.k8s.io',
      [
        ['text', ''],
        ['text', 'b25lCg=='],
        ['text', 'dHdvCg=='],
      ],
    ],
  ])('over "%s"', async (asked, protocol, messages) => {
    const { server } = await testApiServer({ connectHandlers: [log] });
    const headers: Record<string, string> = asked === '' ? {} : { 'sec-websocket-protocol': asked };
    const answer = listen(await server.upgrade(ask(path, headers), connection));
    expect((await answer.socket.closed).code).toBe(1000);
    expect([answer.protocol, answer.heard]).toEqual([protocol, messages]);
  });

  test('over a protocol that nobody knows is refused, and where there is none it is said so', async () => {
    const { server } = await testApiServer({ connectHandlers: [log] });
    const other = ask(path, { 'sec-websocket-protocol': 'other' });
    expect(await server.upgrade(other, connection)).toMatchObject({ status: 403 });
    expect(await server.upgrade(ask(`${path}?none=1`), connection)).toMatchObject({ status: 204 });
  });
});

describe('a token among the protocols', () => {
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const good = prefix + Buffer.from('sesame').toString('base64url');
  const ways = { ...connection, certificate: undefined };
  const path = '/api/v1/namespaces?watch=true';
  const tokens = new BearerTokens([new StaticTokens([{ token: 'sesame', user: admin }], ['api'])], ['api']);
  const start = () => testApiServer({ anonymous: false, authenticators: [tokens] });

  test('says who asks, and is not answered', async () => {
    const { server } = await start();
    const headers = { origin: 'http://x', 'sec-websocket-protocol': `${good}, v1` };
    const { protocol, socket } = listen(await server.upgrade(ask(path, headers), ways));
    expect(protocol).toBe('v1');
    socket.destroy();
  });

  test.each([
    [good],
    [`${good}, ${good}, v1`],
    [`${prefix}, v1`],
    [`${prefix}@@, v1`],
    [`${prefix}${Buffer.from('wrong').toString('base64url')}, v1`],
  ])('%s is refused', async (protocols) => {
    const { server } = await start();
    const headers = { origin: 'http://x', 'sec-websocket-protocol': protocols };
    expect(await server.upgrade(ask(path, headers), ways)).toMatchObject({ status: 401 });
  });
});
