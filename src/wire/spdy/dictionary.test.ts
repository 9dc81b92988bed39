import { expect, test } from 'vitest';
import { spdyDictionary } from './dictionary.ts';

/** Adler-32, by which zlib names a dictionary. */
function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

test('is the one that every SPDY/3 peer names in its first block', () => {
  expect(spdyDictionary.length).toBe(1423);
  expect(adler32(spdyDictionary).toString(16)).toBe('e3c6a7c2');
});
