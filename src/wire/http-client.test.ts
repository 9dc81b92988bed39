import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../test/support/environment.ts';
import { clientOf, get, mirror, say, startRawServer, startServer } from '../../test/support/http-ends.ts';
import { clientCredential, testAuthority } from '../../test/support/pki.ts';
import type { HttpRequest } from './http.ts';
import { readHttpText } from './http-body.ts';
import { ConnectionError } from './http-client/connection-error.ts';
import type { HttpClient } from './http-client.ts';
import type { HttpConnection, HttpHandler } from './http-handler.ts';

async function mirrored(client: HttpClient, request: HttpRequest): Promise<Record<string, unknown>> {
  return JSON.parse(await readHttpText((await client.fetch(request)).body));
}

describe('requests', () => {
  test('over TLS, with a client certificate, a token and a path prefix', async () => {
    const server = await startServer(mirror);
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
    const server = await startServer(mirror);
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
    await startServer(mirror, { tls: undefined, address: { path } });
    expect(await mirrored(clientOf(`unix://${path}`), get('/over'))).toMatchObject({ path: '/over' });
    expect(await mirrored(clientOf(`unix:${path}`), get('/over'))).toMatchObject({ path: '/over' });
    const plain = await startServer(mirror, { tls: undefined });
    expect(await mirrored(clientOf(`http://localhost:${plain.port}`), get('/x'))).toMatchObject({ path: '/x' });
  });

  test('share a connection one after another', async () => {
    const seen = new Set<HttpConnection>();
    const server = await startServer(async (_, connection) => {
      seen.add(connection);
      return say('');
    });
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    for (let each = 0; each < 3; each++) await client.fetch(get('/'));
    expect(seen.size).toBe(1);
  });

  test('answers without a body have none', async () => {
    const server = await startServer(async (request) =>
      request.method === 'HEAD' ? say('x') : { status: 204, headers: {} },
    );
    const client = clientOf(`https://127.0.0.1:${server.port}`);
    expect(await client.fetch(get('/'))).toMatchObject({ status: 204 });
    const head = await client.fetch({ ...get('/'), method: 'HEAD' });
    expect(head.headers['content-length']).toBe('1');
    expect(head.body).toBeUndefined();
  });

  test('a server that ends its lines as it likes is understood by who wants to', async () => {
    const port = await startRawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\nx-own: 1\r\ncontent-length: 2\n\nok')),
    );
    const ask = async (lenient: boolean) => {
      const answer = await clientOf(`http://127.0.0.1:${port}`, { lenient }).fetch(get('/'));
      return [answer.headers['x-own'], await readHttpText(answer.body)];
    };
    expect(await ask(true)).toEqual(['1', 'ok']);
    await expect(ask(false)).rejects.toThrow(ConnectionError);
  });

  test('the host that a request names goes in the place of the own', async () => {
    const heard = Promise.withResolvers<string>();
    const port = await startRawServer((socket) =>
      socket.once('data', (data) => {
        heard.resolve(String(data));
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      }),
    );
    await clientOf(`http://127.0.0.1:${port}`).fetch(get('/', { headers: { host: 'passed.on' }, host: 'wanted:1' }));
    expect(await heard.promise).toMatch(/^host: wanted:1\r$/im);
  });

  test.each(['https//x', 'ftp://x', 'unix:relative', ''])('"%s" is no target', (url) => {
    expect(() => clientOf(url)).toThrow(`"${url}" is not`);
  });
});

describe('trust', () => {
  test('a server of another authority is not believed, unless told so', async () => {
    const server = await startServer(mirror);
    const url = `https://127.0.0.1:${server.port}`;
    await expect(clientOf(url, { tls: undefined }).fetch(get('/'))).rejects.toThrow(
      /unable to verify|self-signed|issuer/,
    );
    expect(await mirrored(clientOf(url, { tls: { insecureSkipVerify: true } }), get('/x'))).toMatchObject({
      path: '/x',
    });
  });

  test('the name is checked, and may be given', async () => {
    const server = await startServer(mirror);
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
    const server = await startServer(mirror);
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

describe('cancelling', () => {
  test('before, while waiting, and in the middle of the body', async () => {
    const entered: string[] = [];
    const gone: string[] = [];
    const server = await startServer(async (request) => {
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
    const server = await startServer(async (request) => {
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

  test.each([false, true])(
    'hand over the connection, open in one direction when the other has ended (secure: %s)',
    async (secure) => {
      const server = await startServer({ fetch: mirror, upgrade }, secure ? {} : { tls: undefined });
      const client = clientOf(`${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`);
      const answer = await client.upgrade({ method: 'POST', path: '/', headers: { upgrade: 'shout' } });
      expect(answer).toMatchObject({ status: 101, headers: { upgrade: 'shout' } });
      answer.connection?.write('hello ');
      answer.connection?.end('there');
      expect(answer.connection && (await text(answer.connection))).toBe('HELLO THERE');
    },
  );

  test('are read to their end when the other side has closed before it had read all', async () => {
    const spoken = 120_000;
    let server: Socket | undefined;
    const port = await startRawServer((socket) => {
      server = socket;
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: words\r\n\r\n');
      });
    });
    const client = clientOf(`http://127.0.0.1:${port}`, { tls: undefined });
    const { connection } = await client.upgrade(get('/', { headers: { upgrade: 'words' } }));
    if (connection === undefined || server === undefined) throw new Error('there was no upgrade');
    connection.write('nobody reads this');
    // More than a connection reads ahead: the kernel still has the rest when the other side closes, and says at a write that it has.
    server.write(Buffer.alloc(spoken));
    await realEnvironment.sleep(50);
    server.destroy();
    await once(server, 'close');
    connection.write('or this');
    connection.write('or this');
    const failure = once(connection, 'error');
    let heard = 0;
    connection.on('data', (chunk: Buffer) => {
      heard += chunk.length;
    });
    expect(String(await failure)).toMatch(/write (EPIPE|ECONNRESET)/);
    expect(heard).toBe(spoken);
  });

  test('break at the first write that fails when all has been read', async () => {
    let server: Socket | undefined;
    const port = await startRawServer((socket) => {
      server = socket;
      socket.once('data', () =>
        socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: words\r\n\r\nall'),
      );
    });
    const client = clientOf(`http://127.0.0.1:${port}`, { tls: undefined });
    const { connection } = await client.upgrade(get('/', { headers: { upgrade: 'words' } }));
    if (connection === undefined) throw new Error('there was no upgrade');
    await once(connection.resume(), 'end');
    server?.destroy();
    const failure = once(connection, 'error');
    while (!connection.destroyed) {
      connection.write('to nobody');
      await realEnvironment.sleep(5);
    }
    expect(String(await failure)).toMatch(/write (EPIPE|ECONNRESET)/);
  });

  test('may be refused', async () => {
    const server = await startServer({ fetch: mirror, upgrade });
    const answer = await clientOf(`https://127.0.0.1:${server.port}`).upgrade({
      ...get('/'),
      headers: { upgrade: 'x' },
    });
    expect(answer.status).toBe(400);
    expect(answer.connection).toBeUndefined();
    expect('body' in answer && (await readHttpText(answer.body))).toBe('cannot');
  });
});
