import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import { probeHttp } from './probe-http.ts';
import { probeTcp } from './probe-tcp.ts';

const environment = new RealEnvironment();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const port = await serve(() => {});
  closers.pop()?.();
  await environment.sleep(5);
  return port;
}

const probe = (port: number, more: Partial<Parameters<typeof probeHttp>[1]> = {}) =>
  probeHttp(environment, {
    scheme: 'http',
    address: '127.0.0.1',
    port,
    path: '/healthz',
    headers: {},
    timeoutMs: 2000,
    ...more,
  });

describe('http probe', () => {
  test('sends what a kubelet sends', async () => {
    let seen: IncomingMessage | undefined;
    const port = await serve((request, response) => {
      seen = request;
      response.end('fine');
    });
    expect(await probe(port, { path: 'ready?full=1', headers: { 'X-Custom': 'a', Host: 'shop.example' } })).toEqual({
      outcome: 'success',
      message: 'fine',
    });
    expect(seen).toMatchObject({ method: 'GET', url: '/ready?full=1' });
    expect(seen?.headers).toEqual({
      host: 'shop.example',
      'user-agent': 'kube-probe/1.37',
      accept: '*/*',
      'x-custom': 'a',
      connection: 'close',
    });
    await probe(port, { headers: { 'User-Agent': 'mine', Accept: '' } });
    expect(seen?.headers).toEqual({ host: `127.0.0.1:${port}`, 'user-agent': 'mine', connection: 'close' });
  });

  test.each([
    [200, 'success'],
    [204, 'success'],
    [304, 'success'],
    [399, 'success'],
    [400, 'failure'],
    [404, 'failure'],
    [500, 'failure'],
  ] as const)('%d is a %s', async (status, outcome) => {
    const port = await serve((_, response) => response.writeHead(status).end());
    const result = await probe(port);
    expect(result.outcome).toBe(outcome);
    if (outcome === 'failure') expect(result.message).toBe(`HTTP probe failed with statuscode: ${status}`);
  });

  test('follows redirects within the host, and stops with success at one that leads away', async () => {
    const port = await serve((request, response) => {
      const target = {
        '/healthz': '/second',
        '/second': `http://127.0.0.1:${port}/third`,
        '/away': 'http://127.0.0.2/',
      };
      const location = target[request.url as keyof typeof target];
      if (location === undefined) response.writeHead(503).end();
      else response.writeHead(302, { location }).end('moved');
    });
    expect((await probe(port)).message).toBe('HTTP probe failed with statuscode: 503');
    expect(await probe(port, { path: '/away' })).toEqual({
      outcome: 'success',
      message: 'Probe terminated redirects, Response body: moved',
    });
  });

  test('a circle of redirects fails after ten', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.writeHead(301, { location: '/healthz' }).end();
    });
    expect(await probe(port)).toEqual({
      outcome: 'failure',
      message: `Get "http://127.0.0.1:${port}/healthz": stopped after 10 redirects`,
    });
    expect(requests).toBe(10);
  });

  test('reads ten KiB of a body that never ends', async () => {
    const port = await serve((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(4096)));
        response.once('drain', more);
      };
      more();
    });
    const result = await probe(port);
    expect(result.outcome).toBe('success');
    expect(result.message).toHaveLength(10_240);
  });

  test('a server that does not answer in time', async () => {
    const port = await serve(() => {});
    expect(await probe(port, { timeoutMs: 30 })).toEqual({
      outcome: 'failure',
      message: `Get "http://127.0.0.1:${port}/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  test('nobody there, a server that hangs up, and https where there is none', async () => {
    const closed = await closedPort();
    expect((await probe(closed)).message).toBe(
      `Get "http://127.0.0.1:${closed}/healthz": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    );
    const port = await serve((request) => request.socket.destroy());
    expect((await probe(port)).message).toBe(`Get "http://127.0.0.1:${port}/healthz": EOF`);
    const plain = await serve((_, response) => response.end());
    expect((await probe(plain, { scheme: 'https' })).message).toBe(
      `Get "https://127.0.0.1:${plain}/healthz": http: server gave HTTP response to HTTPS client`,
    );
  });
});

describe('tcp probe', () => {
  test('an open port', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    expect(await probeTcp(environment, '127.0.0.1', port, 1000)).toEqual({ outcome: 'success', message: '' });
  });

  test('a closed port, and one that keeps silent', async () => {
    const closed = await closedPort();
    expect(await probeTcp(environment, '127.0.0.1', closed, 1000)).toEqual({
      outcome: 'failure',
      message: `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    });
    // Some networks answer for every address, so the timer is made to win whatever the network does.
    class Impatient extends RealEnvironment {
      override setTimer(_: number, callback: () => void) {
        void Promise.resolve().then(callback);
        return { cancel() {} };
      }
    }
    expect(await probeTcp(new Impatient(), '203.0.113.1', 9, 1)).toEqual({
      outcome: 'failure',
      message: 'dial tcp 203.0.113.1:9: i/o timeout',
    });
  });
});
