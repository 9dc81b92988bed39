import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { WebSocketConnection } from './websocket-connection.ts';
import { WebSocketError, WebSocketReader, webSocketFrame } from './websocket-frames.ts';

function pair(messageBytes = 1000) {
  const [left, right] = duplexPair();
  const heard: [string, string, string][] = [];
  const listen = (side: string) => (data: Buffer, type: string) => heard.push([side, type, data.toString()]);
  const client = new WebSocketConnection(left, {
    environment: realEnvironment,
    onMessage: listen('client'),
    messageBytes,
  });
  const server = new WebSocketConnection(right, { onMessage: listen('server'), messageBytes });
  return { client, server, heard, sockets: [left, right] as const };
}

const ignore = () => undefined;

test('messages go both ways', async () => {
  const { client, server, heard } = pair();
  client.send(Buffer.from('hello'), 'binary', ignore);
  await expect.poll(() => heard).toEqual([['server', 'binary', 'hello']]);
  server.send(Buffer.from('zu\u00e9'), 'text', ignore);
  await expect.poll(() => heard.at(-1)).toEqual(['client', 'text', 'zu\u00e9']);
});

test('closing is agreed between both', async () => {
  const { client, server } = pair();
  server.close(1001, 'going away');
  expect(await client.closed).toEqual({ code: 1001, reason: 'going away' });
  expect(await server.closed).toEqual({ code: 1001, reason: 'going away' });
  const failed = await new Promise<unknown>((resolve) => client.send(Buffer.alloc(1), 'binary', resolve));
  expect(String(failed)).toContain('closed');
});

test('an end without a word is one', async () => {
  const { client, server, sockets } = pair();
  sockets[0].end();
  expect(await server.closed).toEqual({ code: 1006, reason: '' });
  await client.closed;
});

test('a paused connection takes nothing until it is resumed', async () => {
  const { client, server, heard } = pair();
  server.pause();
  client.send(Buffer.from('later'), 'binary', ignore);
  await realEnvironment.sleep(5);
  expect(heard).toEqual([]);
  server.resume();
  await expect.poll(() => heard.length).toBe(1);
});

test.each([0, 1, 125, 126, 65_535, 65_536])('a message of %i bytes, in any chunks', (length) => {
  const payload = Buffer.alloc(length, 'x');
  for (const [environment, role] of [
    [realEnvironment, 'server'],
    [undefined, 'client'],
  ] as const) {
    const frame = webSocketFrame('binary', payload, environment);
    const reader = new WebSocketReader(role, 70_000);
    const messages = [frame.subarray(0, 1), frame.subarray(1, 5), frame.subarray(5)].flatMap((chunk) =>
      reader.push(chunk),
    );
    const [message] = messages;
    expect([messages.length, message?.type]).toEqual([1, 'binary']);
    expect(message?.type === 'binary' && message.data.equals(payload)).toBe(true);
  }
});

test('fragments are joined, with pings in between', () => {
  const reader = new WebSocketReader('client', 100);
  const bytes = Buffer.concat([
    Buffer.from([0x01, 2, 0x68, 0x65]),
    Buffer.from([0x89, 1, 0x70]),
    Buffer.from([0x00, 0]),
    Buffer.from([0x80, 1, 0x79]),
  ]);
  expect(reader.push(bytes)).toEqual([
    { type: 'ping', data: Buffer.from('p') },
    { type: 'text', data: Buffer.from('hey') },
  ]);
});

test('a ping is answered', async () => {
  const [peer, socket] = duplexPair();
  const server = new WebSocketConnection(socket, { onMessage: ignore });
  const reader = new WebSocketReader('client', 100);
  const told: object[] = [];
  peer.on('data', (chunk: Buffer) => told.push(...reader.push(chunk)));
  peer.write(webSocketFrame('ping', Buffer.from('are you there'), realEnvironment));
  await expect.poll(() => told).toEqual([{ type: 'pong', data: Buffer.from('are you there') }]);
  server.destroy();
});

describe('hostile peers', () => {
  test.each([
    ['frames without a mask', webSocketFrame('binary', Buffer.from('x'), undefined), 1002],
    ['reserved bits', Buffer.from([0xc2, 0x80, 0, 0, 0, 0]), 1002],
    ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
    ['a fragmented ping', Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 1002],
    ['a long ping', Buffer.from([0x89, 0xfe, 0, 200, 0, 0, 0, 0]), 1002],
    ['a message that goes on without a beginning', Buffer.from([0x80, 0x80, 0, 0, 0, 0]), 1002],
    ['a message that begins inside another', Buffer.from([0x02, 0x80, 0, 0, 0, 0, 0x02, 0x80, 0, 0, 0, 0]), 1002],
    ['a close code cut short', Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]), 1002],
    ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
    ['a message over the bound', webSocketFrame('binary', Buffer.alloc(1001), realEnvironment), 1009],
    ['a length of 2^63', Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), 1009],
  ])('%s end the connection', async (_, bytes, code) => {
    const reader = new WebSocketReader('server', 1000);
    expect(() => reader.push(bytes)).toThrow(expect.objectContaining({ name: 'WebSocketError', code }));
    const [peer, socket] = duplexPair();
    peer.on('error', ignore).resume();
    const server = new WebSocketConnection(socket, { onMessage: ignore, messageBytes: 1000 });
    peer.write(bytes);
    expect((await server.closed).code).toBe(code);
  });

  test('fragments that never end are bounded together', () => {
    const reader = new WebSocketReader('client', 1000);
    const fragment = Buffer.concat([Buffer.from([0x00, 100]), Buffer.alloc(100)]);
    reader.push(Buffer.from([0x02, 0]));
    expect(() => {
      for (let each = 0; each < 20; each++) reader.push(fragment);
    }).toThrow('larger than 1000 bytes');
  });

  test('arbitrary bytes, or good ones damaged, are read or refused', () => {
    const good = Buffer.concat([
      webSocketFrame('binary', Buffer.from('hello'), realEnvironment),
      webSocketFrame('ping', Buffer.alloc(0), realEnvironment),
      webSocketFrame('text', Buffer.from('hello'), realEnvironment),
      webSocketFrame('close', Buffer.from([3, 232]), realEnvironment),
    ]);
    const damaged = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    const anything = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(damaged, anything), fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const reader = new WebSocketReader('server', 1000);
        try {
          for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
        } catch (error) {
          expect(error).toBeInstanceOf(WebSocketError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
