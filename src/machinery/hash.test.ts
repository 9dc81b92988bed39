import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fnv32a, nameHash, safeEncode, stableJson } from './hash.ts';

test('FNV-1a as published', () => {
  expect(fnv32a('')).toBe(0x811c9dc5);
  expect(fnv32a('a')).toBe(0xe40c292c);
  expect(fnv32a('foobar')).toBe(0xbf9cf968);
  expect(fnv32a('bar', fnv32a('foo'))).toBe(0xbf9cf968);
});

test('equal values give equal text, which is JSON', () => {
  expect(stableJson({ b: [1, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[1,{"d":1}]}');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(stableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('name hashes', () => {
  expect(nameHash({ a: 1, b: 2 })).toBe(nameHash({ b: 2, a: 1 }));
  expect(nameHash({ a: 1 }, 0)).not.toBe(nameHash({ a: 1 }));
  expect(nameHash({ a: 1 }, 1)).not.toBe(nameHash({ a: 1 }, 0));
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(nameHash(value)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    }),
  );
  expect(safeEncode('0123456789')).toBe('456789bcdf');
});
