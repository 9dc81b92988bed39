import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { connectionPair } from '../connection-pair.ts';
import type { HttpTarget } from '../http.ts';
import { HttpClient } from '../http-client.ts';
import { HttpServer } from '../http-server.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import { ChannelCodec } from '../websocket/channel-protocol.ts';
import { WebSocketConnection } from '../websocket/websocket-connection.ts';
import { clientHandshake } from '../websocket/websocket-handshake.ts';
import { acceptPortForward, type PortForwardSession } from './accept-port-forward.ts';
import type { PortConnection, PortConnector } from './port-connection.ts';
import { PortForwardClient } from './port-forward-client.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that forwards to what `connect` gives. */
async function serve(connect: PortConnector) {
  const sessions: PortForwardSession[] = [];
  const server = await HttpServer.start({
    environment: realEnvironment,
    address: { host: '127.0.0.1', port: 0 },
    handler: {
      fetch: async () => ({ status: 404, headers: {} }),
      upgrade: async (request) => {
        const { searchParams } = new URL(request.path, 'http://node');
        const { response, session } = acceptPortForward(realEnvironment, request, searchParams, connect);
        if (session !== undefined) sessions.push(session);
        return response;
      },
    },
  });
  const client = new HttpClient({ environment: realEnvironment, url: `http://127.0.0.1:${server.port}` });
  cleanups.push(
    () => client.close(),
    () => server.close(),
  );
  return { client, sessions };
}

/** A connection whose other end is handed to `listener`. */
function connectionTo(listener: (inside: Duplex) => void): PortConnection {
  const [data, inside] = connectionPair();
  listener(inside);
  return { data, ended: new Promise((resolve) => data.once('close', () => resolve(undefined))) };
}

const echo = (inside: Duplex) => void inside.pipe(inside);
const open = {
  SPDY: (target: HttpTarget) => PortForwardClient.overSpdy(realEnvironment, target, '/'),
  'SPDY within a WebSocket': (target: HttpTarget) => PortForwardClient.overWebSocket(realEnvironment, target, '/'),
};

describe.each(Object.entries(open))('over %s', (_, connect) => {
  test('bytes go both ways and each direction ends by itself', async () => {
    const { client } = await serve(async (port) =>
      connectionTo(async (inside) => {
        const asked = await text(inside.iterator({ destroyOnReturn: false }));
        inside.end(`${port}: ${asked}`);
      }),
    );
    const forward = await connect(client);
    const { data, ended } = await forward.connect(8080);
    data.end('question');
    expect(await text(data)).toBe('8080: question');
    expect(await ended).toBeUndefined();
    forward.close();
  });

  test('a hundred connections at a time are apart from one another', async () => {
    const { client } = await serve(async () => connectionTo(echo));
    const forward = await connect(client);
    const lengths = await Promise.all(
      Array.from({ length: 100 }, async (__, index) => {
        const { data } = await forward.connect(80);
        const sent = Buffer.alloc(50_000 + index, index);
        data.end(sent);
        return (await buffer(data)).equals(sent);
      }),
    );
    expect(lengths).toEqual(Array.from({ length: 100 }, () => true));
    forward.close();
  });

  test('what goes wrong is told for the one connection', async () => {
    const { client } = await serve(async (port) => {
      if (port === 81) throw new Error('no such port');
      return connectionTo(echo);
    });
    const forward = await connect(client);
    const refused = await forward.connect(81);
    expect(await refused.ended).toBe('no such port');
    expect(await text(refused.data)).toBe('');
    const { data } = await forward.connect(80);
    data.end('still');
    expect(await text(data)).toBe('still');
    forward.close();
  });

  test('output that nobody reads holds the other side back', async () => {
    let written = 0;
    const { client } = await serve(async () =>
      connectionTo(async (inside) => {
        for (; written < 300; written++) if (!inside.write(Buffer.alloc(65_536))) await once(inside, 'drain');
        inside.end();
      }),
    );
    const forward = await connect(client);
    const { data } = await forward.connect(80);
    await realEnvironment.sleep(100);
    expect(written).toBeLessThan(200);
    expect((await buffer(data)).length).toBe(300 * 65_536);
    forward.close();
  });

  test('a client that goes away takes its connections with it', async () => {
    const inside = Promise.withResolvers<Duplex>();
    const { client } = await serve(async () => connectionTo(inside.resolve));
    const forward = await connect(client);
    await forward.connect(80);
    const connection = await inside.promise;
    connection.resume();
    forward.close();
    await once(connection, 'close');
  });

  test('a session that is closed takes the client with it', async () => {
    const { client, sessions } = await serve(async () => connectionTo(echo));
    const forward = await connect(client);
    const { data } = await forward.connect(80);
    data.resume();
    sessions[0]?.close();
    await forward.closed;
  });
});

test('a stream that is none of a pair is refused', async () => {
  const { client } = await serve(async () => connectionTo(echo));
  const answer = await client.upgrade({
    method: 'POST',
    path: '/',
    headers: { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' },
  });
  if (answer.connection === undefined) throw new Error('refused');
  const connection = new SpdyConnection(answer.connection, { role: 'client' });
  for (const headers of [
    { streamtype: 'data', port: '0' },
    { streamtype: 'data', port: 'x' },
    { streamtype: 'other', port: '80' },
  ])
    await expect(connection.createStream({ ...headers, requestid: '1' }).replied).rejects.toThrow();
  // Older clients do not say which streams belong together.
  const error = connection.createStream({ streamtype: 'error', port: '80' });
  const data = connection.createStream({ streamtype: 'data', port: '80' });
  await Promise.all([error.replied, data.replied]);
  data.end('old');
  expect(await text(data)).toBe('old');
  connection.destroy();
});

test('over channels: each begins with its port, and the next one tells what goes wrong', async () => {
  const { client } = await serve(async (port) => {
    if (port === 81) throw new Error('no such port');
    return connectionTo((inside) => inside.once('data', (chunk) => inside.end(chunk)).resume());
  });
  const handshake = clientHandshake(realEnvironment, ['v4.channel.k8s.io']);
  const answer = await client.upgrade({ method: 'GET', path: '/?port=80,81', headers: handshake.headers });
  if (answer.connection === undefined) throw new Error('refused');
  const codec = new ChannelCodec(handshake.protocolOf(answer.headers));
  const heard: string[] = ['', '', '', ''];
  const connection = new WebSocketConnection(answer.connection, {
    environment: realEnvironment,
    onMessage: (message) => {
      const frame = codec.decode(message);
      if (frame !== undefined) heard[frame.channel] += frame.data.toString('latin1');
    },
  });
  connection.send(codec.encode(0, Buffer.from('hello')), 'binary', () => undefined);
  await connection.closed;
  expect(heard).toEqual(['P\0hello', 'P\0', 'Q\0', 'Q\0no such port']);
});

test.each([
  [{ upgrade: 'websocket' }, '/', 403, ''],
  [{ upgrade: 'SPDY/3.1' }, '/', 400, 'X-Stream-Protocol-Version names no protocol'],
  [{ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }, '/', 403, 'server accepts [portforward'],
])('%j is refused', async (headers, path, status, words) => {
  const { client } = await serve(async () => connectionTo(echo));
  const handshake = headers.upgrade === 'websocket' ? clientHandshake(realEnvironment, ['other']).headers : {};
  const answer = await client.upgrade({ method: 'GET', path, headers: { ...handshake, ...headers } });
  expect(answer.status).toBe(status);
  if (answer.connection === undefined)
    expect(Buffer.concat(await Array.fromAsync(answer.body as never)).toString()).toContain(words);
});

test.each([
  ['/', 'query parameter "port" is required'],
  ['/?port=', 'query parameter "port" cannot be empty'],
  ['/?port=0', 'port "0" must be > 0'],
  ['/?port=x', 'unable to parse "x" as a port: strconv.ParseUint: parsing "x": invalid syntax'],
  ['/?port=70000', 'unable to parse "70000" as a port: strconv.ParseUint: parsing "70000": value out of range'],
])('channels for %s are refused', async (path, words) => {
  const { client } = await serve(async () => connectionTo(echo));
  const { headers } = clientHandshake(realEnvironment, ['v4.channel.k8s.io']);
  const answer = await client.upgrade({ method: 'GET', path, headers });
  if (answer.connection !== undefined) throw new Error('accepted');
  expect([answer.status, Buffer.concat(await Array.fromAsync(answer.body as never)).toString()]).toEqual([400, words]);
});
