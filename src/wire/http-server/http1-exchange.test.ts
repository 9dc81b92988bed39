import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { say, startServer } from '../../../test/support/http-ends.ts';
import type { HttpHandler } from '../http-handler.ts';
import type { HttpServer } from '../http-server.ts';

const upgrading: HttpHandler = {
  fetch: async () => say('no upgrade'),
  upgrade: async (request) => {
    if (request.path === '/no') return { status: 403, headers: {}, body: Buffer.from('forbidden') };
    if (request.path === '/throw') throw new Error('broken');
    const [inner, outer] = duplexPair();
    // Says all it heard only once the client has ended its half.
    let heard = '';
    inner.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    inner.on('end', () => inner.end(`heard ${heard}`));
    return { status: 101, headers: { connection: 'Upgrade', upgrade: 'echo' }, connection: outer };
  },
};

async function raw(server: HttpServer, path: string, extra: string): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${extra}\r\n`);
  return socket;
}

test('hand over the connection, early bytes and half-close included', async () => {
  const server = await startServer(upgrading, { tls: undefined });
  const socket = await raw(server, '/yes', 'connection: Upgrade\r\nupgrade: echo\r\n');
  socket.write('early ');
  await once(socket, 'readable');
  socket.end('late');
  expect(await text(socket)).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nheard early late',
  );
});

test('may be refused or fail', async () => {
  const server = await startServer(upgrading, { tls: undefined });
  const header = 'connection: Upgrade\r\nupgrade: echo\r\n';
  expect(await text(await raw(server, '/no', header))).toMatch(
    /^HTTP\/1.1 403 [\s\S]*connection: close[\s\S]*forbidden$/i,
  );
  expect(await text(await raw(server, '/throw', header))).toMatch(/^HTTP\/1.1 500 /);
});

test('to HTTP/2 without TLS are passed over', async () => {
  const server = await startServer(upgrading, { tls: undefined });
  const socket = await raw(server, '/yes', 'connection: Upgrade, close\r\nupgrade: h2c\r\n');
  expect(await text(socket)).toContain('no upgrade');
});

test('end with the server, and a broken client breaks the connection', async () => {
  const closed: string[] = [];
  const server = await startServer(
    {
      fetch: async () => say(''),
      upgrade: async (request) => {
        const [inner, outer] = duplexPair();
        outer.on('close', () => closed.push(request.path));
        inner.resume();
        return { status: 101, headers: {}, connection: outer };
      },
    },
    { tls: undefined },
  );
  const header = 'connection: Upgrade\r\nupgrade: echo\r\n';
  const first = await raw(server, '/first', header);
  await once(first, 'readable');
  first.resetAndDestroy();
  await expect.poll(() => closed).toEqual(['/first']);
  const second = await raw(server, '/second', header);
  second.on('error', () => undefined);
  await once(second, 'readable');
  await server.close(5000);
  await expect.poll(() => closed).toEqual(['/first', '/second']);
});
