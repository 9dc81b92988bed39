import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
import { SpdyConnection } from '../../../wire/spdy/spdy-connection.ts';
import type { SpdyStream } from '../../../wire/spdy/spdy-stream.ts';
import { spdyStreams } from './spdy-streams.ts';

const options: StreamOptions = { stdin: true, stdout: true, stderr: true, tty: false };

describe('exec over SPDY', () => {
  let server: Server;
  let url: URL;
  let sockets: Socket[];
  let serve: (streams: ReadonlyMap<string, SpdyStream>, connection: SpdyConnection) => void;
  let seen: string;
  beforeEach(async () => {
    sockets = [];
    server = createServer((_, response) => response.writeHead(404).end('gone'));
    server.on('upgrade', (request, socket) => {
      seen = `${request.method} ${request.url} ${request.headers.upgrade} ${request.headers['x-stream-protocol-version']}`;
      sockets.push(socket as Socket);
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n',
      );
      const streams = new Map<string, SpdyStream>();
      const connection = new SpdyConnection(socket, {
        role: 'server',
        onStream: (stream) => {
          stream.reply();
          streams.set(stream.headers['streamtype'] ?? '', stream);
          if (streams.size === 4) serve(streams, connection);
        },
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token?a=b`);
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const open = (more: Partial<StreamOptions> = {}) =>
    spdyStreams(new RealEnvironment()).command(url, { ...options, ...more });
  const text = async (stream: AsyncIterable<Uint8Array<ArrayBufferLike>> | undefined) => {
    const chunks: Uint8Array<ArrayBufferLike>[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const status = (value: object) => JSON.stringify({ kind: 'Status', ...value });

  test('passes stdin, keeps stdout and stderr apart, and answers the exit code', async () => {
    serve = async (streams) => {
      const input = await text(streams.get('stdin'));
      streams.get('stdout')?.end(input.toUpperCase());
      streams.get('stderr')?.end('warning');
      const details = { causes: [{ reason: 'ExitCode', message: '3' }] };
      streams.get('error')?.end(status({ status: 'Failure', reason: 'NonZeroExitCode', details }));
    };
    const session = await open();
    await session.stdin?.write(Buffer.from('quiet '));
    await session.stdin?.write(Buffer.from('words'));
    await session.stdin?.close();
    expect(await Promise.all([text(session.stdout), text(session.stderr), session.exit])).toEqual([
      'QUIET WORDS',
      'warning',
      3,
    ]);
    expect(seen).toBe('POST /exec/token?a=b SPDY/3.1 v4.channel.k8s.io');
    session.close();
  });

  test('a terminal has no stderr, and sizes', async () => {
    serve = async (streams) => {
      for await (const chunk of streams.get('resize') ?? []) {
        streams.get('stdout')?.end(chunk);
        streams.get('error')?.end(status({ status: 'Success' }));
        return;
      }
    };
    const session = await open({ tty: true, stderr: false });
    session.resize(80, 24);
    expect(await text(session.stdout)).toBe('{"Width":80,"Height":24}\n');
    expect(session.stderr).toBeUndefined();
    expect(await session.exit).toBe(0);
    session.close();
  });

  test('streams that are lost reject the exit', async () => {
    serve = () => sockets[0]?.destroy();
    const session = await open();
    await expect(session.exit).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
  });

  test('an address that is used up, and nobody there', async () => {
    server.removeAllListeners('upgrade');
    await expect(open()).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
    server.close();
    server.closeAllConnections();
    await expect(open()).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
    server = createServer().listen(0);
  });

  test.each([
    ['', 'Unavailable', 'the connection was closed before the command ended'],
    ['plain words', 'Unknown', 'plain words'],
    [status({ status: 'Failure', message: 'Internal error occurred: no such' }), 'Unknown', 'no such'],
  ])('the end %j is no exit code', async (given, code, message) => {
    serve = (streams) => streams.get('error')?.end(given);
    const session = await open();
    await expect(session.exit).rejects.toMatchObject({ name: 'RuntimeError', code, message });
    session.close();
  });
});
