import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import type { HttpRequest, HttpTarget } from '../http.ts';
import { HttpClient } from '../http-client.ts';
import { HttpServer } from '../http-server.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import { ChannelCodec } from '../websocket/channel-protocol.ts';
import { WebSocketConnection } from '../websocket/websocket-connection.ts';
import { clientHandshake } from '../websocket/websocket-handshake.ts';
import { acceptExec } from './accept-exec.ts';
import type { ExecClientSession, ExecStreams, StreamOptions } from './exec-streams.ts';
import { serveExec } from './serve-exec.ts';
import { spdyExec } from './spdy-exec-client.ts';
import { webSocketExec } from './websocket-exec-client.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const everything: StreamOptions = { stdin: true, stdout: true, stderr: true, tty: false };

interface Served {
  readonly client: HttpClient;
  readonly streams: Promise<ExecStreams>;
}

/** A server whose only command is what the test does with the streams. */
async function serve(options: StreamOptions, run?: (streams: ExecStreams) => void): Promise<Served> {
  const opened = Promise.withResolvers<ExecStreams>();
  opened.promise.catch(() => undefined);
  const server = await HttpServer.start({
    environment: realEnvironment,
    address: { host: '127.0.0.1', port: 0 },
    handler: {
      fetch: async () => ({ status: 404, headers: {} }),
      upgrade: async (request) => {
        const { response, streams } = acceptExec(realEnvironment, request, options);
        streams?.then((each) => {
          opened.resolve(each);
          run?.(each);
        }, opened.reject);
        return response;
      },
    },
  });
  const client = new HttpClient({ environment: realEnvironment, url: `http://127.0.0.1:${server.port}` });
  cleanups.push(
    () => client.close(),
    () => server.close(),
  );
  return { client, streams: opened.promise };
}

/** Like `cat`, with a word on stderr, and an exit code of the length of its input. */
function cat(streams: ExecStreams): void {
  let length = 0;
  streams.stderr?.end('reading');
  streams.stdin?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (streams.stdout?.write(chunk) === false) {
      streams.stdin?.pause();
      streams.stdout.once('drain', () => streams.stdin?.resume());
    }
  });
  streams.stdin?.on('end', () => streams.stdout?.end(() => streams.finish({ exitCode: length % 256 })));
}

type Exec = (target: HttpTarget, options: StreamOptions) => Promise<ExecClientSession>;
const protocols: readonly (readonly [string, Exec])[] = [
  ['SPDY', (target, options) => spdyExec(realEnvironment, target, '/exec', options)],
  ['WebSocket', (target, options) => webSocketExec(realEnvironment, target, '/exec', options)],
];

async function textOf(source: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source ?? [])).toString();
}

describe.each(protocols)('over %s', (_, exec) => {
  test('input goes in, output and errors come out, and the end is told', async () => {
    const { client } = await serve(everything, cat);
    const session = await exec(client, everything);
    await session.stdin?.write(Buffer.from('hello '));
    await session.stdin?.write(Buffer.from('there'));
    await session.stdin?.close();
    expect(await Promise.all([textOf(session.stdout), textOf(session.stderr)])).toEqual(['hello there', 'reading']);
    expect(await session.exit).toBe(11);
  });

  test('megabytes pass through whole', async () => {
    const { client } = await serve(everything, cat);
    const session = await exec(client, everything);
    const feed = (async () => {
      for (let each = 0; each < 20; each++) await session.stdin?.write(Buffer.alloc(100_000, each));
      await session.stdin?.close();
    })();
    let length = 0;
    for await (const chunk of session.stdout ?? []) length += chunk.length;
    await feed;
    expect(length).toBe(2_000_000);
  });

  test('output that nobody reads holds the command back', async () => {
    let written = 0;
    const { client } = await serve(everything, async ({ stdout }) => {
      while (stdout !== undefined && written < 200) {
        if (!stdout.write(Buffer.alloc(65_536))) await once(stdout, 'drain');
        written++;
      }
    });
    const session = await exec(client, everything);
    await realEnvironment.sleep(100);
    const before = written;
    expect(before).toBeLessThan(150);
    let length = 0;
    for await (const chunk of session.stdout ?? []) {
      length += chunk.length;
      if (length === 200 * 65_536) break;
    }
    expect(written).toBe(200);
    session.close();
  });

  test('a terminal has one output and changes its size', async () => {
    const options = { stdin: true, stdout: true, stderr: true, tty: true };
    const { client, streams } = await serve(options);
    const session = await exec(client, options);
    session.resize(80, 24);
    const server = await streams;
    const sizes: object[] = [];
    await realEnvironment.sleep(20);
    server.onResize((size) => sizes.push(size));
    session.resize(100, 40);
    await expect
      .poll(() => sizes)
      .toEqual([
        { width: 80, height: 24 },
        { width: 100, height: 40 },
      ]);
    expect(server.stderr).toBeUndefined();
    expect(session.stderr).toBeUndefined();
    server.stdout?.end();
    server.finish({ exitCode: 0 });
    expect(await textOf(session.stdout)).toBe('');
    expect(await session.exit).toBe(0);
  });

  test('only the streams asked for are there', async () => {
    const options = { stdin: false, stdout: true, stderr: false, tty: false };
    const { client, streams } = await serve(options);
    const session = await exec(client, options);
    const server = await streams;
    expect([server.stdin, server.stderr, session.stdin, session.stderr]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    server.stdout?.end('alone');
    server.finish({ exitCode: 3 });
    expect(await textOf(session.stdout)).toBe('alone');
    expect(await session.exit).toBe(3);
  });

  test('a command that cannot run says why', async () => {
    const { client } = await serve(everything, (streams) => streams.finish({ failure: 'no such file' }));
    const session = await exec(client, everything);
    await expect(session.exit).rejects.toThrow('Internal error occurred: no such file');
  });

  test('a client that goes away is noticed', async () => {
    const { client, streams } = await serve(everything);
    const session = await exec(client, everything);
    const { closed, stdin } = await streams;
    stdin?.resume();
    session.close();
    await expect.poll(() => closed.aborted).toBe(true);
    await expect(session.exit).rejects.toThrow();
  });

  test('a server that goes away is no exit', async () => {
    const { client } = await serve(everything, (streams) => streams.stdout?.write('some'));
    const session = await exec(client, everything);
    const output = textOf(session.stdout).catch(() => undefined);
    await cleanups.at(-1)?.();
    await expect(session.exit).rejects.toThrow();
    await output;
  });

  test('a refusal is told with its words', async () => {
    const server = await HttpServer.start({
      environment: realEnvironment,
      address: { host: '127.0.0.1', port: 0 },
      handler: { fetch: async () => ({ status: 403, headers: {}, body: Buffer.from('not for you\n') }) },
    });
    const client = new HttpClient({ environment: realEnvironment, url: `http://127.0.0.1:${server.port}` });
    cleanups.push(
      () => client.close(),
      () => server.close(),
    );
    await expect(exec(client, everything)).rejects.toThrow('unable to upgrade connection: not for you');
  });

  test('two servers in a row carry a command through', async () => {
    const inner = await serve(everything, cat);
    const outer = await serve(everything, async (streams) => {
      await serveExec(streams, await exec(inner.client, everything));
    });
    const session = await exec(outer.client, everything);
    await session.stdin?.write(Buffer.alloc(1_000_000, 'x'));
    await session.stdin?.close();
    const [output, errors, code] = await Promise.all([textOf(session.stdout), textOf(session.stderr), session.exit]);
    expect([output.length, errors, code]).toEqual([1_000_000, 'reading', 1_000_000 % 256]);
  });
});

describe('older WebSocket protocols', () => {
  async function open(client: HttpClient, protocol: string) {
    const handshake = clientHandshake(realEnvironment, [protocol]);
    const headers: Record<string, string> = { ...handshake.headers };
    if (protocol === '') delete headers['sec-websocket-protocol'];
    const answer = await client.upgrade({ method: 'GET', path: '/', headers });
    expect(handshake.protocolOf(answer.headers)).toBe(protocol);
    const messages: (readonly [number, string])[] = [];
    const codec = new ChannelCodec(protocol);
    const connection = new WebSocketConnection(answer.connection as NonNullable<typeof answer.connection>, {
      environment: realEnvironment,
      onMessage: (data) => {
        const frame = codec.decode(data);
        if (frame !== undefined) messages.push([frame.channel, frame.data.toString()]);
      },
    });
    const say = (channel: number, words: string) =>
      connection.send(codec.encode(channel, Buffer.from(words)), codec.messageType, () => undefined);
    return { connection, messages, say };
  }

  test.each(['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', ''])(
    '"%s" carries the channels',
    async (protocol) => {
      const { client } = await serve(everything, ({ stdin, stdout, finish: _, ...rest }) => {
        stdin?.once('data', (chunk: Buffer) => stdout?.write(`heard ${chunk}`));
        expect(rest).toBeDefined();
      });
      const { connection, messages, say } = await open(client, protocol);
      say(0, 'you');
      await expect
        .poll(() => messages)
        .toEqual([
          [1, ''],
          [1, 'heard you'],
        ]);
      connection.destroy();
    },
  );

  test.each([
    ['v4.channel.k8s.io', '{"metadata":{},"status":"Success"}'],
    ['channel.k8s.io', undefined],
  ])('"%s" ends as its clients expect', async (protocol, status) => {
    const { client } = await serve(everything, (streams) => streams.finish({ exitCode: 0 }));
    const { connection, messages } = await open(client, protocol);
    expect(await connection.closed).toEqual({ code: 1000, reason: '' });
    expect(messages).toEqual([[1, ''], ...(status === undefined ? [] : [[3, status]])]);
  });

  test('one that nobody knows is refused', async () => {
    const { client } = await serve(everything);
    const { headers } = clientHandshake(realEnvironment, ['v9.channel.k8s.io']);
    expect(await client.upgrade({ method: 'GET', path: '/', headers })).toMatchObject({ status: 403 });
  });
});

describe('refused requests', () => {
  const ask = (headers: Record<string, string>, method = 'POST'): HttpRequest => ({ method, path: '/', headers });
  test.each([
    ['without an upgrade', ask({}), 400],
    ['to another protocol', ask({ upgrade: 'h2c' }), 400],
    ['SPDY without a version', ask({ upgrade: 'SPDY/3.1' }), 400],
    ['SPDY of an unknown version', ask({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v9.channel.k8s.io' }), 403],
    ['a WebSocket by POST', ask({ upgrade: 'websocket' }), 405],
    ['a WebSocket of another version', ask({ upgrade: 'websocket', 'sec-websocket-version': '8' }, 'GET'), 426],
    ['a WebSocket without a key', ask({ upgrade: 'websocket', 'sec-websocket-version': '13' }, 'GET'), 400],
  ])('%s', (_, request, status) => {
    const { response, streams } = acceptExec(realEnvironment, request, everything);
    expect(response.status).toBe(status);
    expect(streams).toBeUndefined();
  });
});

describe('hostile clients', () => {
  test('SPDY: streams that never come', async () => {
    const fires = new Map<number, () => void>();
    const timers = {
      setTimer: (delayMs: number, callback: () => void) => {
        fires.set(delayMs, callback);
        return { cancel() {} };
      },
    };
    const request = {
      method: 'POST',
      path: '/',
      headers: { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' },
    };
    const { response, streams } = acceptExec(timers, request, everything);
    if (response.status !== 101 || !('connection' in response) || response.connection === undefined)
      throw new Error('refused');
    const connection = new SpdyConnection(response.connection, { role: 'client' });
    const [stdin, other] = [
      connection.createStream({ streamtype: 'stdin' }),
      connection.createStream({ streamtype: 'other' }),
    ];
    await stdin.replied;
    await expect(other.replied).rejects.toThrow('reset');
    fires.get(30_000)?.();
    await expect(streams).rejects.toThrow('timed out waiting for client to create streams');
    await connection.closed;
  });

  test('arbitrary bytes after the upgrade end it, whatever they are', async () => {
    const anything = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(anything, fc.boolean(), async (bytes, spdy) => {
        const headers: Record<string, string> = spdy
          ? { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }
          : { ...clientHandshake(realEnvironment, ['v5.channel.k8s.io']).headers };
        const { response, streams } = acceptExec(
          realEnvironment,
          { method: spdy ? 'POST' : 'GET', path: '/', headers },
          everything,
        );
        if (response.status !== 101 || !('connection' in response) || response.connection === undefined)
          throw new Error('refused');
        const { connection } = response;
        connection.on('error', () => undefined);
        connection.resume();
        connection.end(bytes);
        if (spdy) await expect(streams).rejects.toThrow();
        else {
          const { closed, stdin } = (await streams) as ExecStreams;
          stdin?.resume();
          if (!closed.aborted) await once(closed, 'abort');
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a session that fails to start is told to the client', async () => {
  const { client } = await serve(everything, (streams) => {
    const exit = Promise.reject(new Error('container not found'));
    void serveExec(streams, { stdin: undefined, stdout: undefined, stderr: undefined, resize() {}, exit, close() {} });
  });
  const session = await webSocketExec(realEnvironment, client, '/', everything);
  const errors = text(session.stderr as never);
  await expect(session.exit).rejects.toThrow('Internal error occurred: container not found');
  expect(await errors).toBe('');
});
