import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { SpdyFrameReader, SpdyFrameWriter } from './frames.ts';
import { SpdyConnection, type SpdyConnectionOptions } from './spdy-connection.ts';
import type { SpdyStream } from './spdy-stream.ts';

interface Pair {
  readonly client: SpdyConnection;
  readonly server: SpdyConnection;
  readonly sockets: readonly [Duplex, Duplex];
  readonly accepted: SpdyStream[];
}

function pair(
  options: Partial<SpdyConnectionOptions> = {},
  accept: (stream: SpdyStream) => void = (stream) => stream.reply(),
): Pair {
  const sockets = duplexPair();
  const accepted: SpdyStream[] = [];
  const client = new SpdyConnection(sockets[0], { role: 'client', ...options });
  const server = new SpdyConnection(sockets[1], {
    role: 'server',
    ...options,
    onStream: (stream) => {
      accepted.push(stream);
      accept(stream);
    },
  });
  return { client, server, sockets, accepted };
}

const echo = (stream: SpdyStream) => {
  stream.reply({ hello: 'there' });
  stream.pipe(stream);
};

describe.each([false, true])('with flow control %s', (flowControl) => {
  test('a stream is opened, answered, and carries bytes both ways to its end', async () => {
    const { client, server, accepted } = pair({ flowControl }, echo);
    const stream = client.createStream({ streamtype: 'data' });
    expect(await stream.replied).toEqual({ hello: 'there' });
    expect(accepted[0]?.headers).toEqual({ streamtype: 'data' });
    stream.end('hello');
    expect(await text(stream)).toBe('hello');
    await expect.poll(() => [client.openStreams, server.openStreams]).toEqual([0, 0]);
  });

  test('much more than any window, on several streams at once', async () => {
    const { client } = pair({ flowControl }, echo);
    const send = async (fill: number) => {
      const stream = client.createStream({});
      await stream.replied;
      const bytes = Buffer.alloc(700_000, fill);
      stream.end(bytes);
      let length = 0;
      for await (const chunk of stream) {
        expect(chunk.every((byte: number) => byte === fill)).toBe(true);
        length += chunk.length;
      }
      return length;
    };
    expect(await Promise.all([1, 2, 3].map(send))).toEqual([700_000, 700_000, 700_000]);
  });

  test('a reader that is slow holds the writer back', async () => {
    const { client, accepted } = pair({ flowControl });
    const stream = client.createStream({});
    await stream.replied;
    let written = 0;
    const writing = (async () => {
      for (let each = 0; each < 64; each++) {
        if (!stream.write(Buffer.alloc(32_768))) await once(stream, 'drain');
        written++;
      }
      stream.end();
    })();
    await realEnvironment.sleep(20);
    expect(written).toBeLessThan(20);
    let read = 0;
    for await (const chunk of accepted[0] as SpdyStream) read += chunk.length;
    await writing;
    expect(read).toBe(64 * 32_768);
  });
});

test('with flow control a slow reader of one stream does not hold up another', async () => {
  const { client, accepted } = pair({ flowControl: true });
  const slow = client.createStream({});
  const fast = client.createStream({});
  await Promise.all([slow.replied, fast.replied]);
  slow.write(Buffer.alloc(40_000));
  fast.end('quick');
  await expect.poll(() => accepted.length).toBe(2);
  expect(await text(accepted[1] as SpdyStream)).toBe('quick');
});

describe('resets', () => {
  test('end the reading of the other side, as in Kubernetes, and fail its writing', async () => {
    const { client, accepted } = pair();
    const stream = client.createStream({});
    await stream.replied;
    const [server] = accepted;
    server?.write('last words');
    await once(stream, 'readable');
    server?.destroy();
    expect(await text(stream)).toBe('last words');
    const other = client.createStream({});
    await other.replied;
    accepted[1]?.destroy();
    await once(other.resume(), 'end');
    const error = await new Promise((resolve) => other.write('x', resolve));
    expect(String(error)).toContain('reset by the other side');
  });

  test('refuse a stream that nobody takes', async () => {
    const { server } = pair();
    const stream = server.createStream({});
    await expect(stream.replied).rejects.toThrow('reset with status 3');
  });

  test('refuse a stream over the bound', async () => {
    const { client } = pair({ maximumStreams: 2 });
    const streams = [1, 2, 3].map(() => client.createStream({}));
    const replies = await Promise.allSettled(streams.map((stream) => stream.replied));
    expect(replies.map((reply) => reply.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });
});

describe('ends', () => {
  test('ping is answered', async () => {
    const { client, server } = pair();
    await client.ping();
    await server.ping();
  });

  test('close lets what was written go out, then everything ends', async () => {
    const { client, server, accepted } = pair();
    const stream = client.createStream({});
    await stream.replied;
    accepted[0]?.end('goodbye');
    await once(accepted[0] as SpdyStream, 'finish');
    server.close();
    expect(await text(stream)).toBe('goodbye');
    await Promise.all([client.closed, server.closed]);
    await expect(client.ping()).rejects.toThrow('closed');
    await expect(client.createStream({}).replied).rejects.toThrow('closing');
  });

  test('a connection that breaks fails its streams', async () => {
    const { client, sockets } = pair();
    const stream = client.createStream({});
    await stream.replied;
    sockets[0].destroy(new Error('cable cut'));
    await expect(text(stream)).rejects.toThrow('cable cut');
    await client.closed;
  });

  test('a stream that the other side had ended is read to its end', async () => {
    const { client, accepted, sockets } = pair();
    const stream = client.createStream({});
    await stream.replied;
    accepted[0]?.end('last words');
    await expect.poll(() => stream.remoteEnded).toBe(true);
    sockets[0].destroy(new Error('cable cut'));
    await client.closed;
    expect(await text(stream)).toBe('last words');
  });

  test('a peer that goes away while windows are full fails the writers', async () => {
    const { client, sockets } = pair({ flowControl: true });
    const stream = client.createStream({});
    await stream.replied;
    const failed = new Promise<unknown>((resolve) => stream.write(Buffer.alloc(200_000), resolve));
    await realEnvironment.turn();
    sockets[1].end();
    expect(String(await failed)).toContain('closed');
  });
});

describe('hostile peers', () => {
  /** A server before a peer that sends these bytes and takes what it is told. */
  function attacked(...chunks: readonly Buffer[]): {
    readonly server: SpdyConnection;
    readonly told: () => readonly object[];
  } {
    const [peer, socket] = duplexPair();
    const server = new SpdyConnection(socket, { role: 'server', onStream: echo, flowControl: true });
    const reader = new SpdyFrameReader();
    const told: object[] = [];
    peer.on('data', (chunk: Buffer) => told.push(...reader.push(chunk)));
    peer.on('error', () => undefined);
    for (const chunk of chunks) peer.write(chunk);
    return { server, told: () => told };
  }

  const writer = () => new SpdyFrameWriter();
  test.each([
    ['data for a stream that never was', () => [writer().data(7, false, Buffer.from('x'))]],
    ['a stream with an id of ours', () => [writer().synStream(2, {})]],
    ['stream 0', () => [writer().synStream(0, {})]],
    ['an id that was used', () => ((each) => [each.synStream(3, {}), each.synStream(3, {})])(writer())],
    ['ids that go back', () => ((each) => [each.synStream(3, {}), each.synStream(1, {})])(writer())],
    ['a connection window that overflows', () => [writer().windowUpdate(0, 0x7fff_ffff)]],
    ['nonsense', () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    [
      'more data than the connection takes',
      () => ((each) => [each.synStream(1, {}), each.data(1, false, Buffer.alloc(70_000))])(writer()),
    ],
  ])('%s ends the connection', async (_, chunks) => {
    const { server } = attacked(...chunks());
    await server.closed;
    expect(server.openStreams).toBe(0);
  });

  test('a stream window that overflows ends the stream alone', async () => {
    const each = writer();
    const { server, told } = attacked(each.synStream(1, {}), each.windowUpdate(1, 0x7fff_ffff), each.ping(1));
    await expect.poll(() => told()).toContainEqual({ type: 'ping', id: 1 });
    expect(told()).toContainEqual({ type: 'rstStream', streamId: 1, status: 7 });
    server.destroy();
  });

  test('a flood of pings that nobody reads the answers to', async () => {
    const [peer, socket] = duplexPair();
    const server = new SpdyConnection(socket, { role: 'server' });
    peer.on('error', () => undefined);
    const pings = Buffer.concat(Array.from({ length: 5000 }, () => writer().ping(1)));
    let closed = false;
    void server.closed.then(() => {
      closed = true;
    });
    for (let each = 0; each < 1000 && !closed; each++) {
      peer.write(pings);
      await realEnvironment.turn();
    }
    expect(closed).toBe(true);
  });

  test('arbitrary bytes, whole or cut, never crash or hang it', async () => {
    const each = writer();
    const good = Buffer.concat([
      each.synStream(1, { streamtype: 'stdin' }),
      each.data(1, false, Buffer.from('hello')),
      each.ping(1),
      each.rstStream(1, 5),
      each.goAway(0, 0),
    ]);
    const damaged = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    const anything = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, anything), fc.nat(60), async (bytes, cut) => {
        const [peer, socket] = duplexPair();
        const server = new SpdyConnection(socket, { role: 'server', onStream: echo });
        peer.on('error', () => undefined);
        peer.resume();
        peer.end(cut % 2 === 0 ? bytes : bytes.subarray(0, cut));
        await server.closed;
      }),
      { numRuns: 200 },
    );
  });
});
