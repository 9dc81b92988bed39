import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SpdyFrame, SpdyFrameReader, SpdyFrameWriter } from './frames.ts';
import { SpdyError } from './spdy-error.ts';

function everyKind(): Buffer {
  const writer = new SpdyFrameWriter();
  return Buffer.concat([
    writer.synStream(1, { streamtype: 'error' }),
    writer.synReply(1, {}),
    writer.data(1, false, Buffer.from('hello')),
    writer.data(1, true, Buffer.alloc(0)),
    writer.rstStream(3, 5),
    // SETTINGS with an unknown one and the initial window.
    Buffer.from('8003000400000014' + '00000002' + '0000000400000064' + '0000000700010000', 'hex'),
    // A control frame of a type that nobody knows.
    Buffer.from('8003002a00000002ffff', 'hex'),
    writer.ping(2),
    writer.windowUpdate(0, 1000),
    writer.goAway(1, 0),
  ]);
}

/** The frames with pieces of data that belong together joined. */
function joined(frames: readonly SpdyFrame[]): readonly object[] {
  const result: SpdyFrame[] = [];
  for (const frame of frames) {
    const last = result.at(-1);
    if (frame.type === 'data' && last?.type === 'data' && !last.fin && frame.data.length > 0)
      result[result.length - 1] = { ...frame, data: Buffer.concat([last.data, frame.data]) };
    else result.push(frame);
  }
  return result.map((frame) => (frame.type === 'data' ? { ...frame, data: frame.data.toString() } : frame));
}

test.each([1, 3, 8, 1000])('every kind of frame, in chunks of %i bytes', (size) => {
  const bytes = everyKind();
  const reader = new SpdyFrameReader();
  const frames: SpdyFrame[] = [];
  for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)));
  expect(joined(frames)).toEqual([
    { type: 'synStream', streamId: 1, fin: false, headers: { streamtype: 'error' } },
    { type: 'synReply', streamId: 1, fin: false, headers: {} },
    { type: 'data', streamId: 1, fin: false, data: 'hello' },
    { type: 'data', streamId: 1, fin: true, data: '' },
    { type: 'rstStream', streamId: 3, status: 5 },
    { type: 'settings', initialWindow: 65_536 },
    { type: 'ping', id: 2 },
    { type: 'windowUpdate', streamId: 0, delta: 1000 },
    { type: 'goAway', lastStreamId: 1 },
  ]);
});

test('data is handed on before its frame is whole, and ends only with it', () => {
  const bytes = new SpdyFrameWriter().data(5, true, Buffer.alloc(100, 'x'));
  const reader = new SpdyFrameReader();
  expect(reader.push(bytes.subarray(0, 50))).toMatchObject([{ type: 'data', fin: false, data: { length: 42 } }]);
  expect(reader.push(bytes.subarray(50))).toMatchObject([{ type: 'data', fin: true, data: { length: 58 } }]);
});

test.each([
  ['00000000' + '00000001' + 'ff', 'a data frame has no stream'],
  ['80020001' + '00000000', 'a control frame is of version 2'],
  ['80030001' + '00ffffff', 'a control frame has 16777215 bytes'],
  ['80030003' + '00000004' + '00000001', 'a control frame of type 3 is cut short'],
  ['80030004' + '00000004' + '00000009', 'a settings frame has another length than it says'],
  ['80030001' + '00000004' + '00000001', 'a control frame of type 1 is cut short'],
])('%s is refused', (hex, message) => {
  expect(() => new SpdyFrameReader().push(Buffer.from(hex, 'hex'))).toThrow(message);
});

test('arbitrary bytes, or good ones damaged, are read or refused', () => {
  const good = everyKind();
  const damaged = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const cut = fc.nat(good.length).map((length) => good.subarray(0, length));
  const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(damaged, cut, anything), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      const reader = new SpdyFrameReader();
      try {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      } catch (error) {
        expect(error).toBeInstanceOf(SpdyError);
      }
    }),
    { numRuns: 1000 },
  );
});
