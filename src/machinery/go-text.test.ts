import { expect, test } from 'vitest';
import { byteLength, goJson, goSortedJson, goValue, isPrintable, quote } from './go-text.ts';

test.each([
  ['plain', '"plain"'],
  ['', '""'],
  ['a "quoted" \\ word', '"a \\"quoted\\" \\\\ word"'],
  ['tab\tbell\u0007null\0', '"tab\\tbell\\anull\\x00"'],
  ['delete\u007f', '"delete\\x7f"'],
  ['émoji 🚀', '"émoji 🚀"'],
  ['zero width \u200b', '"zero width \\u200b"'],
  ['no-break\u00a0', '"no-break\\u00a0"'],
  ['private \u{f0000}', '"private \\U000f0000"'],
])('quotes %j', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test('JSON escapes what could be taken for HTML', () => {
  expect(goJson({ a: '<b> & "c"\u2028', n: [1, null] })).toBe(
    '{"a":"\\u003cb\\u003e \\u0026 \\"c\\"\\u2028","n":[1,null]}',
  );
  expect(goJson(undefined)).toBe('null');
  expect(goSortedJson({ b: '&', a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":"\\u0026"}');
});

test('length is in bytes', () => {
  for (const text of ['', 'abc', 'é', '漢字', '🚀x', 'a\ud800b'])
    expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
});

test('printable characters', () => {
  expect(['a', ' ', '漢', '\u00a0', '\n'].map(isPrintable)).toEqual([true, true, true, false, false]);
});

test('values as %v prints them', () => {
  expect(goValue({ b: ['x', 1, null], a: { d: true } })).toBe('map[a:map[d:true] b:[x 1 <nil>]]');
});
