import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DerError, readDer, readObjectIdentifier, readText, readTime } from './der-reader.ts';
import { derWriter } from './der-writer.ts';

test.each(['1.2.840.10045.4.3.2', '2.5.29.17', '1.3.6.1.5.5.7.3.1', '2.999.1'])('object identifier %s', (dotted) => {
  const [element] = readDer(derWriter.objectIdentifier(dotted));
  expect(readObjectIdentifier(element?.content ?? Buffer.alloc(0))).toBe(dotted);
});

test.each(['1999-12-31T23:59:59Z', '2026-11-22T01:02:03Z', '2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'])(
  'time %s',
  (iso) => {
    const [element] = readDer(derWriter.time(Date.parse(iso)));
    expect(element?.tag).toBe(iso < '2050' ? 0x17 : 0x18);
    expect(element && readTime(element)).toBe(Date.parse(iso));
  },
);

test.each([
  [0, '020100'],
  [127, '02017f'],
  [128, '02020080'],
  [255, '020200ff'],
  [65_537, '0203010001'],
])('integer %i', (value, hex) => {
  expect(derWriter.integer(value).toString('hex')).toBe(hex);
});

test('text of any length and alphabet', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      fc.pre(text.isWellFormed());
      const [element] = readDer(derWriter.utf8String(text));
      expect(element && readText(element)).toBe(text);
    }),
  );
});

test('content longer than 64 KiB', () => {
  const content = Buffer.alloc(70_000, 1);
  expect(readDer(derWriter.octetString(content))[0]?.content.equals(content)).toBe(true);
});

test('arbitrary bytes are read or refused, never worse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        expect(Buffer.concat(readDer(bytes).map((element) => element.whole))).toEqual(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    }),
    { numRuns: 2000 },
  );
});
