import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect as http2Connect } from 'node:http2';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { realEnvironment } from '../../test/support/environment.ts';
import { say, startServer } from '../../test/support/http-ends.ts';
import { clientCredential, serverTls, testAuthority } from '../../test/support/pki.ts';
import type { HttpRequest } from './http.ts';
import { readHttpBody } from './http-body.ts';
import type { HttpConnection, HttpHandler } from './http-handler.ts';
import type { HttpServer } from './http-server.ts';
import { CertificateAuthority } from './pki/certificate-authority.ts';

type Fetch = HttpHandler['fetch'];

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly tls?: RequestOptions;
}

async function over1(server: HttpServer, call: Call = {}): Promise<Answer> {
  const request = httpsRequest({
    host: '127.0.0.1',
    port: server.port,
    path: call.path ?? '/',
    method: call.method ?? 'GET',
    headers: call.headers,
    ca: testAuthority.certificate.pem,
    agent: false,
    ...call.tls,
  });
  request.end(call.body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

function session2(server: HttpServer, tls: object = {}): ClientHttp2Session {
  const session = http2Connect(`https://127.0.0.1:${server.port}`, { ca: testAuthority.certificate.pem, ...tls });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

async function over2(server: HttpServer, call: Call = {}): Promise<Answer> {
  const session = session2(server, call.tls);
  const stream = session.request({ ':path': call.path ?? '/', ':method': call.method ?? 'GET', ...call.headers });
  stream.end(call.body);
  const [headers] = await once(stream, 'response');
  const body = await text(stream);
  session.close();
  return { status: headers[':status'], headers, body };
}

const protocols = [
  ['HTTP/1.1', over1],
  ['HTTP/2', over2],
] as const;

describe.each(protocols)('%s', (protocol, send) => {
  test('hands method, path, headers and body to the handler', async () => {
    let seen: HttpRequest | undefined;
    const server = await startServer(async (request) => {
      seen = request;
      return say(Buffer.from(await readHttpBody(request.body)).toString());
    });
    const answer = await send(server, { method: 'POST', path: '/a/b%20c?x=1', headers: { 'X-Y': 'z' }, body: 'hello' });
    expect(answer).toMatchObject({
      status: 200,
      body: 'hello',
      headers: { 'content-type': 'text/plain', 'content-length': '5' },
    });
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/a/b%20c?x=1',
      headers: { 'x-y': 'z', host: `127.0.0.1:${server.port}` },
    });
    for (const name in seen?.headers) expect(name).not.toMatch(/^:|[A-Z]/);
  });

  test('a request without a body has none', async () => {
    let seen: HttpRequest | undefined;
    const server = await startServer(async (request) => {
      seen = request;
      return { status: 204, headers: {} };
    });
    expect(await send(server)).toMatchObject({ status: 204, body: '' });
    expect(seen?.body).toBeUndefined();
  });

  test('HEAD is answered without the body and with its length', async () => {
    const server = await startServer(async () => say('hello'));
    expect(await send(server, { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5' },
    });
  });

  test('a body over the bound is 413, whether or not its length is announced', async () => {
    const server = await startServer(async (request) => say(`${(await readHttpBody(request.body)).length}`), {
      limits: { bodyBytes: 1000 },
    });
    expect(await send(server, { method: 'POST', body: 'x'.repeat(1000) })).toMatchObject({ status: 200, body: '1000' });
    const large = { method: 'POST', body: 'x'.repeat(500_000) };
    expect(await send(server, large)).toMatchObject({ status: 413, body: 'Request entity too large: limit is 1000\n' });
    const chunked = protocol === 'HTTP/1.1' ? { headers: { 'transfer-encoding': 'chunked' } } : {};
    expect(await send(server, { ...large, ...chunked })).toMatchObject({ status: 413 });
  });

  test('a handler that throws is answered with 500, told of, and harms nobody', async () => {
    const errors: unknown[] = [];
    const handler: Fetch = async (request) => {
      if (request.path === '/bad') throw new Error('broken');
      return say('fine');
    };
    const server = await startServer(handler, {
      onError: (error, request) => errors.push([String(error), request.path]),
    });
    expect(await send(server, { path: '/bad' })).toMatchObject({ status: 500, body: 'Internal Server Error\n' });
    expect(errors).toEqual([['Error: broken', '/bad']]);
    expect(await send(server)).toMatchObject({ status: 200 });
  });

  test('an answer streams as it is made, and is cut when its source fails', async () => {
    const errors: unknown[] = [];
    const server = await startServer(
      async () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from('one');
          await realEnvironment.turn();
          throw new Error('source failed');
        })(),
      }),
      { onError: (error) => errors.push(String(error)) },
    );
    await expect(send(server)).rejects.toThrow();
    expect(errors).toEqual(['Error: source failed']);
  });

  test('headers over the bound are refused', async () => {
    const server = await startServer(async () => say('fine'), { limits: { headerBytes: 16_384 } });
    const size = protocol === 'HTTP/1.1' ? 20_000 : 100_000;
    const answer = await send(server, { headers: { 'x-large': 'x'.repeat(size) } }).catch((error: Error) => error);
    if (protocol === 'HTTP/1.1') expect(answer).toMatchObject({ status: 431 });
    else expect(answer).toBeInstanceOf(Error);
    expect(await send(server)).toMatchObject({ status: 200 });
  });

  test('the client certificate is told, and whether it counts', async () => {
    const seen: Pick<HttpConnection, 'certificate' | 'certificateError'>[] = [];
    const server = await startServer(async (_, { certificate, certificateError }) => {
      seen.push({ certificate, certificateError });
      return say('');
    });
    const stranger = CertificateAuthority.create(realEnvironment, { commonName: 'test-ca', validityMs: 1e6 }).issue({
      commonName: 'mallory',
      usages: ['clientAuth'],
      validityMs: 1e6,
    });
    const wrongUse = testAuthority.issue({ commonName: 'server', usages: ['serverAuth'], validityMs: 1e6 });
    await send(server);
    await send(server, { tls: { cert: clientCredential.certificate.pem, key: clientCredential.keyPem } });
    await send(server, { tls: { cert: stranger.certificate.pem, key: stranger.keyPem } });
    await send(server, { tls: { cert: wrongUse.certificate.pem, key: wrongUse.keyPem } });
    const { fingerprint } = clientCredential.certificate;
    expect(seen).toEqual([
      { certificate: undefined, certificateError: undefined },
      { certificate: { commonName: 'ann', organizations: ['dev', 'ops'], fingerprint }, certificateError: undefined },
      { certificate: undefined, certificateError: expect.stringMatching(/CERT|VERIFY|ISSUER/) },
      { certificate: undefined, certificateError: 'INVALID_PURPOSE' },
    ]);
  });

  test('a certificate that runs out during a connection no longer counts', async () => {
    let now = realEnvironment.now();
    const environment = {
      now: () => now,
      monotonic: () => realEnvironment.monotonic(),
      setTimer: (delayMs: number, callback: () => void) => realEnvironment.setTimer(delayMs, callback),
    };
    const server = await startServer(
      async (_, connection) => {
        const before = connection.certificate?.commonName;
        now = clientCredential.certificate.notAfterMs + 1;
        return say(JSON.stringify([before, connection.certificate ?? null, connection.certificateError]));
      },
      { environment },
    );
    const answer = await send(server, {
      tls: { cert: clientCredential.certificate.pem, key: clientCredential.keyPem },
    });
    expect(JSON.parse(answer.body)).toEqual(['ann', null, 'certificate has expired']);
  });
});

describe('a client that goes away', () => {
  test.each(['HTTP/1.1', 'HTTP/2'])('aborts the request over %s, before and during the answer', async (protocol) => {
    const aborted: string[] = [];
    const returned: string[] = [];
    const server = await startServer(async (request) => {
      const gone = new Promise<void>((resolve) => {
        request.signal?.addEventListener('abort', () => {
          aborted.push(request.path);
          resolve();
        });
      });
      if (request.path === '/wait') {
        await gone;
        throw new Error('nobody reads this');
      }
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          try {
            yield Buffer.from('first');
            await gone;
          } finally {
            returned.push(request.path);
          }
        })(),
      };
    });
    const go = (path: string) => {
      if (protocol === 'HTTP/2') return session2(server).request({ ':path': path });
      const request = httpsRequest({
        port: server.port,
        host: '127.0.0.1',
        path,
        ca: testAuthority.certificate.pem,
        agent: false,
      });
      request.on('error', () => undefined);
      return request.end();
    };
    const waiting = go('/wait');
    const streaming = go('/stream');
    await once(streaming, 'response');
    if ('close' in waiting && protocol === 'HTTP/2') waiting.close();
    else waiting.destroy();
    streaming.destroy();
    await expect.poll(() => [...aborted].sort()).toEqual(['/stream', '/wait']);
    expect(returned).toEqual(['/stream']);
  });

  test('stalled for longer than the bound is cut off', async () => {
    let stopped = false;
    const server = await startServer(
      async () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          try {
            for (;;) {
              yield Buffer.alloc(65_536);
              await realEnvironment.turn();
            }
          } finally {
            stopped = true;
          }
        })(),
      }),
      { limits: { stallMs: 50 } },
    );
    const session = session2(server);
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await expect.poll(() => stopped, { timeout: 5000 }).toBe(true);
  });

  test('too slow with its headers is answered with 408', async () => {
    const server = await startServer(async () => say(''), {
      tls: undefined,
      limits: { headersMs: 100, requestMs: 200 },
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nx-slow');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 /);
  });
});

describe('closing', () => {
  test.each(protocols)('lets a request over %s finish, and takes no other', async (_, send) => {
    let release = () => {};
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const server = await startServer(async () => {
      entered();
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return say('finished');
    });
    const answer = send(server);
    await inside;
    let closed = false;
    const closing = server.close(10_000).then(() => {
      closed = true;
    });
    await expect(send(server)).rejects.toThrow(/ECONNREFUSED/);
    expect(closed).toBe(false);
    release();
    expect(await answer).toMatchObject({ status: 200, body: 'finished' });
    await closing;
    expect(server.openConnections).toBe(0);
  });

  test('breaks off what is left at the deadline, and the handlers know', async () => {
    let signal: AbortSignal | undefined;
    const server = await startServer(async (request) => {
      signal = request.signal;
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
      return say('');
    });
    const answer = over1(server);
    answer.catch(() => undefined);
    await expect.poll(() => signal !== undefined).toBe(true);
    await server.close(20);
    await expect(answer).rejects.toThrow();
    expect(signal?.aborted).toBe(true);
  });

  test('does not wait for connections that are only kept', async () => {
    const server = await startServer(async () => say(''), { tls: undefined });
    const agent = new Agent({ keepAlive: true });
    const request = httpRequest({ host: '127.0.0.1', port: server.port, agent }).end();
    const [response] = await once(request, 'response');
    await buffer(response);
    expect(server.openConnections).toBe(1);
    await server.close(60_000);
    expect(server.openConnections).toBe(0);
    agent.destroy();
  });
});

test('an HTTP/2 connection is closed once it has been idle, and not while a stream is open', async () => {
  const server = await startServer(
    async (request) => {
      if (request.path === '/long') await realEnvironment.sleep(200);
      return say('');
    },
    { limits: { idleMs: 60 } },
  );
  const session = session2(server);
  const stream = session.request({ ':path': '/long' });
  const [headers] = await once(stream, 'response');
  expect(headers[':status']).toBe(200);
  const closed = once(session, 'close');
  stream.resume();
  await closed;
});

test('certificates are exchanged without a restart', async () => {
  const server = await startServer(async () => say(''));
  const renewed = testAuthority.issue({
    commonName: 'renewed',
    usages: ['serverAuth'],
    dnsNames: ['other'],
    validityMs: 1e6,
  });
  await expect(over1(server, { tls: { servername: 'other' } })).rejects.toThrow('altname');
  server.setTls({ ...serverTls, certificatePem: renewed.certificate.pem, keyPem: renewed.keyPem });
  expect(await over1(server, { tls: { servername: 'other' } })).toMatchObject({ status: 200 });
});
