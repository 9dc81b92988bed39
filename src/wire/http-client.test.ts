import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { realEnvironment } from '../../test/support/environment.ts';
import { clientCredential, serverTls, testAuthority } from '../../test/support/pki.ts';
import type { HttpRequest } from './http.ts';
import { readHttpBody, readHttpText } from './http-body.ts';
import { ConnectionError } from './http-client/connection-error.ts';
import { HttpClient, type HttpClientOptions } from './http-client.ts';
import type { HttpConnection, HttpHandler } from './http-handler.ts';
import type { ListenAddress } from './http-server/listen.ts';
import { HttpServer } from './http-server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  fetch: HttpHandler['fetch'],
  options: { tls?: false; address?: ListenAddress; upgrade?: HttpHandler['upgrade'] } = {},
): Promise<HttpServer> {
  const server = await HttpServer.start({
    environment: realEnvironment,
    handler: options.upgrade === undefined ? { fetch } : { fetch, upgrade: options.upgrade },
    address: options.address ?? { host: '127.0.0.1', port: 0 },
    tls: options.tls === false ? undefined : serverTls,
  });
  cleanups.push(() => server.close());
  return server;
}

function clientOf(url: string, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = new HttpClient({
    environment: realEnvironment,
    url,
    tls: { authorityPem: testAuthority.certificate.pem },
    ...options,
  });
  cleanups.push(() => client.close());
  return client;
}

const get = (path: string, rest: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  path,
  headers: {},
  ...rest,
});
const say = (text: string) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) });

/** Says what it was asked, as JSON. */
const mirror: HttpHandler['fetch'] = async (request, connection) =>
  say(
    JSON.stringify({
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: Buffer.from(await readHttpBody(request.body)).toString(),
      user: connection.certificate?.commonName,
    }),
  );

async function mirrored(client: HttpClient, request: HttpRequest): Promise<Record<string, unknown>> {
  return JSON.parse(await readHttpText((await client.fetch(request)).body));
}

describe('requests', () => {
  test('over TLS, with a client certificate, a token and a path prefix', async () => {
    const server = await serve(mirror);
    const client = clientOf(`https://127.0.0.1:${server.port}/clusters/x/`, {
      tls: {
        authorityPem: testAuthority.certificate.pem,
        certificatePem: clientCredential.certificate.pem,
        keyPem: clientCredential.keyPem,
      },
      token: async () => 'secret',
    });
    expect(await mirrored(client, get('/api?x=%20', { headers: { host: 'elsewhere', accept: 'a/b' } }))).toMatchObject({
      method: 'GET',
      path: '/clusters/x/api?x=%20',
      user: 'ann',
      headers: { authorization: 'Bearer secret', accept: 'a/b', host: `127.0.0.1:${server.port}` },
    });
    const own = get('/', { headers: { authorization: 'Basic own' } });
    expect(await mirrored(client, own)).toMatchObject({ headers: { authorization: 'Basic own' } });
  });

  test('carry bodies at once and as they come', async () => {
    const server = await serve(mirror);
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    const post = (body: HttpRequest['body'], method = 'POST') =>
      mirrored(client, { method, path: '/', headers: {}, body });
    expect(await post(Buffer.from('hello'))).toMatchObject({ body: 'hello', headers: { 'content-length': '5' } });
    const chunks = async function* () {
      yield Buffer.from('hel');
      yield Buffer.from('lo');
    };
    for (const method of ['POST', 'DELETE', 'GET']) {
      expect(await post(Buffer.from('hello'), method)).toMatchObject({ method, body: 'hello' });
      expect(await post(chunks(), method)).toMatchObject({
        body: 'hello',
        headers: { 'transfer-encoding': 'chunked' },
      });
    }
    const stray = { 'content-length': '7', 'transfer-encoding': 'chunked' };
    expect(await mirrored(client, get('/', { headers: stray }))).toMatchObject({ body: '' });
    const known = { method: 'PUT', path: '/', headers: { 'content-length': '5' }, body: chunks() };
    expect(await mirrored(client, known)).toMatchObject({ body: 'hello', headers: { 'content-length': '5' } });
  });

  test('over a unix socket and over plain HTTP', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'wire-')), 'x.sock');
    await serve(mirror, { tls: false, address: { path } });
    expect(await mirrored(clientOf(`unix://${path}`), get('/over'))).toMatchObject({ path: '/over' });
    expect(await mirrored(clientOf(`unix:${path}`), get('/over'))).toMatchObject({ path: '/over' });
    const plain = await serve(mirror, { tls: false });
    expect(await mirrored(clientOf(`http://localhost:${plain.port}`), get('/x'))).toMatchObject({ path: '/x' });
  });

  test('share a connection one after another', async () => {
    const seen = new Set<HttpConnection>();
    const server = await serve(async (_, connection) => {
      seen.add(connection);
      return say('');
    });
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    for (let each = 0; each < 3; each++) await client.fetch(get('/'));
    expect(seen.size).toBe(1);
  });

  test('answers without a body have none', async () => {
    const server = await serve(async (request) =>
      request.method === 'HEAD' ? say('x') : { status: 204, headers: {} },
    );
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    expect(await client.fetch(get('/'))).toMatchObject({ status: 204 });
    const head = await client.fetch({ ...get('/'), method: 'HEAD' });
    expect(head.headers['content-length']).toBe('1');
    expect(head.body).toBeUndefined();
  });

  test.each(['https//x', 'ftp://x', 'unix:relative', ''])('"%s" is no target', (url) => {
    expect(() => clientOf(url)).toThrow(`"${url}" is not`);
  });
});

describe('trust', () => {
  test('a server of another authority is not believed, unless told so', async () => {
    const server = await serve(mirror);
    const url = `https://127.0.0.1:${server.port}`;
    await expect(clientOf(url, { tls: undefined }).fetch(get('/'))).rejects.toThrow(
      /unable to verify|self-signed|issuer/,
    );
    expect(await mirrored(clientOf(url, { tls: { insecureSkipVerify: true } }), get('/x'))).toMatchObject({
      path: '/x',
    });
  });

  test('the name is checked, and may be given', async () => {
    const server = await serve(mirror);
    const authorityPem = testAuthority.certificate.pem;
    const url = `https://127.0.0.1:${server.port}`;
    expect(
      await mirrored(clientOf(url, { tls: { authorityPem, serverName: 'kubernetes.default.svc' } }), get('/x')),
    ).toMatchObject({ path: '/x' });
    await expect(clientOf(url, { tls: { authorityPem, serverName: 'other' } }).fetch(get('/'))).rejects.toThrow(
      'altnames',
    );
  });

  test('new credentials are used for new connections', async () => {
    const server = await serve(mirror);
    const authorityPem = testAuthority.certificate.pem;
    let tls: object = { authorityPem };
    const client = clientOf(`https://127.0.0.1:${server.port}`, { tls: () => tls });
    expect((await mirrored(client, get('/')))['user']).toBeUndefined();
    tls = { authorityPem, certificatePem: clientCredential.certificate.pem, keyPem: clientCredential.keyPem };
    expect((await mirrored(client, get('/')))['user']).toBe('ann');
    // The connection with the old ones was not kept.
    await expect.poll(() => server.openConnections).toBe(1);
  });
});

describe('failures', () => {
  test('a refused connection says so, and that nothing was sent', async () => {
    const server = await serve(mirror);
    const url = `https://127.0.0.1:${server.port}`;
    await server.close();
    const error = await clientOf(url)
      .fetch(get('/'))
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ message: `${url}: connection refused`, code: 'ECONNREFUSED', maybeSent: false });
  });

  async function rawServer(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      cleanups.push(() => socket.destroy());
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    return (server.address() as { port: number }).port;
  }

  test('a server that never finishes its handshake is given up', async () => {
    const port = await rawServer(() => undefined);
    const client = clientOf(`https://127.0.0.1:${port}`, { limits: { connectMs: 30 } });
    await expect(client.fetch(get('/'))).rejects.toMatchObject({ code: 'ETIMEDOUT', maybeSent: false });
  });

  test('a connection that breaks before the answer may have done the work', async () => {
    const port = await rawServer((socket) => socket.once('data', () => socket.destroy()));
    const error = await clientOf(`http://127.0.0.1:${port}`)
      .fetch(get('/'))
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'ECONNRESET', maybeSent: true, reused: false });
  });

  test('what is closed while it waits on a kept connection fails, and is not sent again', async () => {
    let connections = 0;
    let requests = 0;
    const asked = Promise.withResolvers<void>();
    const port = await rawServer((socket) => {
      connections++;
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else asked.resolve();
      });
    });
    const client = clientOf(`http://127.0.0.1:${port}`);
    await client.fetch(get('/'));
    const waiting = client.fetch(get('/')).catch((error: unknown) => error);
    await asked.promise;
    client.close();
    expect(await waiting).toMatchObject({ name: 'ConnectionError', reused: true });
    expect([connections, requests]).toEqual([1, 2]);
  });

  test('a server that ends its lines as it likes is understood by who wants to', async () => {
    const port = await rawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\nx-own: 1\r\ncontent-length: 2\n\nok')),
    );
    const ask = async (lenient: boolean) => {
      const client = new HttpClient({ environment: realEnvironment, url: `http://127.0.0.1:${port}`, lenient });
      cleanups.push(() => client.close());
      const answer = await client.fetch({ method: 'GET', path: '/', headers: {} });
      return [answer.headers['x-own'], await readHttpText(answer.body)];
    };
    expect(await ask(true)).toEqual(['1', 'ok']);
    await expect(ask(false)).rejects.toThrow(ConnectionError);
  });

  test('the host that a request names goes in the place of the own', async () => {
    const heard = Promise.withResolvers<string>();
    const port = await rawServer((socket) =>
      socket.once('data', (data) => {
        heard.resolve(String(data));
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      }),
    );
    const client = new HttpClient({ environment: realEnvironment, url: `http://127.0.0.1:${port}` });
    cleanups.push(() => client.close());
    await client.fetch({ method: 'GET', path: '/', headers: { host: 'passed.on' }, host: 'wanted:1' });
    expect(await heard.promise).toMatch(/^host: wanted:1\r$/im);
  });

  test('a kept connection that was closed meanwhile is replaced for reads, not for writes', async () => {
    let connections = 0;
    const port = await rawServer((socket) => {
      connections++;
      let requests = 0;
      socket.on('data', () => {
        requests++;
        if (requests > 1) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const client = clientOf(`http://127.0.0.1:${port}`);
    await client.fetch(get('/'));
    expect(await client.fetch(get('/'))).toMatchObject({ status: 200 });
    expect(connections).toBe(2);
    await expect(client.fetch({ ...get('/'), method: 'POST' })).rejects.toMatchObject({ reused: true });
  });

  /** Answers one request on each connection, the first two at the same time, and breaks off at the next. */
  async function forgetful() {
    let connections = 0;
    const both = Promise.withResolvers<void>();
    const port = await rawServer((socket) => {
      const isEarly = ++connections <= 2;
      if (connections === 2) both.resolve();
      socket.once('data', async () => {
        if (isEarly) await both.promise;
        socket.once('data', () => socket.destroy());
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    return { port, count: () => connections };
  }

  test('a read is repeated on a new connection, for others that were kept may be as dead', async () => {
    const { port, count } = await forgetful();
    const client = clientOf(`http://127.0.0.1:${port}`);
    await Promise.all([client.fetch(get('/')), client.fetch(get('/'))]);
    expect(await client.fetch(get('/'))).toMatchObject({ status: 200 });
    expect(count()).toBe(3);
  });

  test('a write that met a dead connection is not repeated, and the next does not meet another', async () => {
    const { port, count } = await forgetful();
    const client = clientOf(`http://127.0.0.1:${port}`);
    const post = () => client.fetch({ ...get('/'), method: 'POST' });
    await Promise.all([post(), post()]);
    await expect(post()).rejects.toMatchObject({ reused: true });
    expect(await post()).toMatchObject({ status: 200 });
    expect(count()).toBe(3);
  });

  test('a body that breaks off is an error, not an end', async () => {
    const port = await rawServer((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
        socket.end();
      }),
    );
    const { body } = await clientOf(`http://127.0.0.1:${port}`).fetch(get('/'));
    await expect(readHttpBody(body)).rejects.toThrow('aborted');
  });
});

describe('cancelling', () => {
  test('before, while waiting, and in the middle of the body', async () => {
    const entered: string[] = [];
    const gone: string[] = [];
    const server = await serve(async (request) => {
      entered.push(request.path);
      request.signal?.addEventListener('abort', () => gone.push(request.path));
      if (request.path === '/wait')
        await new Promise<void>((resolve) => request.signal?.addEventListener('abort', () => resolve()));
      const chunks = async function* () {
        yield Buffer.from('first');
        await new Promise<void>((resolve) => request.signal?.addEventListener('abort', () => resolve()));
      };
      return { status: 200, headers: {}, body: chunks() };
    });
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    const reason = new Error('changed my mind');
    await expect(client.fetch(get('/', { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);

    const waiting = new AbortController();
    const answer = client.fetch(get('/wait', { signal: waiting.signal }));
    answer.catch(() => undefined);
    await expect.poll(() => entered).toEqual(['/wait']);
    waiting.abort(reason);
    await expect(answer).rejects.toBe(reason);

    const streaming = new AbortController();
    const { body } = await client.fetch(get('/stream', { signal: streaming.signal }));
    const reading = (async () => {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        expect(Buffer.from(chunk).toString()).toBe('first');
        streaming.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    await expect.poll(() => [...gone].sort()).toEqual(['/stream', '/wait']);
  });

  test('leaving a body half-read lets the server know', async () => {
    let aborted = false;
    const server = await serve(async (request) => {
      request.signal?.addEventListener('abort', () => {
        aborted = true;
      });
      const chunks = async function* () {
        for (;;) {
          yield Buffer.alloc(1000);
          await realEnvironment.turn();
        }
      };
      return { status: 200, headers: {}, body: chunks() };
    });
    const { body } = await clientOf(`https://127.0.0.1:${server.port}`).fetch(get('/'));
    for await (const _ of body as AsyncIterable<Uint8Array>) break;
    await expect.poll(() => aborted).toBe(true);
  });
});

describe('connections that are opened by a function', () => {
  test.each([false, undefined] as const)('carry requests, each one its own (tls %s)', async (tls) => {
    const server = await serve(mirror, tls === false ? { tls } : {});
    let opened = 0;
    const open = () => {
      opened++;
      const [near, far] = duplexPair();
      far.pipe(connect(server.port, '127.0.0.1')).pipe(far);
      return near;
    };
    const client = clientOf(`${tls === false ? 'http' : 'https'}://10.9.9.9:80`, {
      open,
      tls: { insecureSkipVerify: true },
    });
    for (const path of ['/one', '/two'])
      expect(await readHttpText((await client.fetch(get(path))).body)).toContain(path);
    expect(opened).toBe(2);
  });

  test('fail as a socket does', async () => {
    const open = () => {
      throw Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' });
    };
    const failed = clientOf('http://10.9.9.9', { open }).fetch(get('/'));
    await expect(failed).rejects.toMatchObject({ name: 'ConnectionError', code: 'ECONNREFUSED', maybeSent: false });
  });
});

describe('upgrades', () => {
  const upgrade: HttpHandler['upgrade'] = async (request) => {
    if (request.headers['upgrade'] !== 'shout') return { status: 400, headers: {}, body: Buffer.from('cannot') };
    const [inner, outer] = duplexPair();
    let heard = '';
    inner.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    inner.on('end', () => inner.end(heard.toUpperCase()));
    return { status: 101, headers: { connection: 'Upgrade', upgrade: 'shout' }, connection: outer };
  };

  test.each([false, undefined] as const)(
    'hand over the connection, open in one direction when the other has ended (tls %s)',
    async (tls) => {
      const server = await serve(mirror, { upgrade, ...(tls === false ? { tls } : {}) });
      const client = clientOf(`${tls === false ? 'http' : 'https'}://127.0.0.1:${server.port}`);
      const answer = await client.upgrade({ method: 'POST', path: '/', headers: { upgrade: 'shout' } });
      expect(answer).toMatchObject({ status: 101, headers: { upgrade: 'shout' } });
      answer.connection?.write('hello ');
      answer.connection?.end('there');
      expect(answer.connection && (await text(answer.connection))).toBe('HELLO THERE');
    },
  );

  test('may be refused', async () => {
    const server = await serve(mirror, { upgrade });
    const answer = await clientOf(`https://127.0.0.1:${server.port}`).upgrade({
      ...get('/'),
      headers: { upgrade: 'x' },
    });
    expect(answer.status).toBe(400);
    expect(answer.connection).toBeUndefined();
    expect('body' in answer && (await readHttpText(answer.body))).toBe('cannot');
  });
});
