import { constants, createDeflate, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spdyDictionary } from './dictionary.ts';
import { HeaderPacker, HeaderUnpacker, type SpdyHeaders } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

const kubectl: SpdyHeaders = { streamtype: 'stdout', port: '8080', requestid: '0' };

/** Blocks as a peer that compresses makes them: one zlib stream, flushed after each. */
async function compressed(texts: readonly Buffer[]): Promise<readonly Buffer[]> {
  const deflate = createDeflate({ dictionary: spdyDictionary });
  const blocks: Buffer[] = [];
  let chunks: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const text of texts) {
    deflate.write(text);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    blocks.push(Buffer.concat(chunks));
    chunks = [];
  }
  deflate.destroy();
  return blocks;
}

function text(...pairs: readonly (readonly [string, string])[]): Buffer {
  const word = (value: number) => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');
  const string = (value: string) => Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(value)]);
  return Buffer.concat([word(pairs.length), ...pairs.flatMap((pair) => pair.map(string))]);
}

test('blocks packed here are unpacked here, one after another', () => {
  const packer = new HeaderPacker();
  const unpacker = new HeaderUnpacker();
  for (const headers of [kubectl, {}, { a: 'x'.repeat(60_000) }, kubectl])
    expect(unpacker.unpack(packer.pack(headers))).toEqual(headers);
});

test('a block ends with a flush, without which Go reads none of it', () => {
  const packer = new HeaderPacker();
  packer.pack({});
  expect(packer.pack({}).toString('hex')).toBe('00' + '0400' + 'fbff' + '00000000' + '000000ffff');
});

test('blocks of a peer that compresses, each of which refers to those before', async () => {
  const blocks = await compressed(
    Array.from({ length: 5 }, () => text(['streamtype', 'stdout'], ['content-type', 'x'.repeat(9000)])),
  );
  expect(blocks[4]?.length).toBeLessThan(60);
  const unpacker = new HeaderUnpacker();
  for (const block of blocks)
    expect(unpacker.unpack(block)).toEqual({ streamtype: 'stdout', 'content-type': 'x'.repeat(9000) });
});

test('a peer need not use the dictionary', () => {
  const block = deflateSync(text(['a', 'b']), { finishFlush: constants.Z_SYNC_FLUSH });
  expect(new HeaderUnpacker().unpack(block)).toEqual({ a: 'b' });
});

describe('refused', () => {
  const packed = async (bytes: Buffer) =>
    new HeaderUnpacker().unpack((await compressed([bytes]))[0] ?? Buffer.alloc(0));
  test.each([
    ['names in upper case', text(['Streamtype', 'x']), 'is no header name'],
    ['a name that comes twice', text(['a', 'x'], ['a', 'y']), 'comes twice'],
    ['an empty name', text(['', 'x']), 'is no header name'],
    ['a block cut short', text(['a', 'x']).subarray(0, 9), 'cut short'],
    ['a length beyond the end', Buffer.from('00000001ffffffff', 'hex'), 'cut short'],
    ['more headers than anybody sends', Buffer.from('00ffffff', 'hex'), 'too many'],
    ['a block that unpacks to too much', Buffer.alloc(200_000), 'cannot be unpacked'],
  ])('%s', async (_, bytes, message) => {
    await expect(packed(bytes)).rejects.toThrow(message);
    await expect(packed(bytes)).rejects.toThrow(SpdyError);
  });

  test('arbitrary bytes, in any order with good ones', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), fc.boolean(), (blocks, begun) => {
        const unpacker = new HeaderUnpacker();
        if (begun) unpacker.unpack(new HeaderPacker().pack(kubectl));
        try {
          for (const block of blocks) unpacker.unpack(Buffer.from(block));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
