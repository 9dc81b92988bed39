import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

test('what is written can be read, and zero values are left out', () => {
  const writer = new ProtobufWriter();
  writer.string(1, 'é');
  writer.string(2, '');
  writer.string(3, undefined);
  writer.bool(4, true);
  writer.bool(5, false);
  writer.strings(31, ['', 'x'.repeat(200)]);
  writer.message(6, () => {});
  writer.message(7, (inner) => inner.message(1, (innermost) => innermost.string(1, 'y'.repeat(20_000))));
  const reader = new ProtobufReader(writer.finish());
  const fields: unknown[] = [];
  while (reader.next()) fields.push([reader.field, reader.isDelimited ? reader.text() : reader.integer()]);
  expect(fields.slice(0, -1)).toEqual([
    [1, 'é'],
    [4, 1],
    [31, ''],
    [31, 'x'.repeat(200)],
    [6, ''],
  ]);
  expect(fields.at(-1)).toEqual([7, expect.stringMatching(/y{20000}$/)]);
});

test('numbers, texts and bytes of every size', () => {
  const writer = new ProtobufWriter();
  const integers = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(2 ** 31, 2 ** 32, -(2 ** 31), -1));
  const texts = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 150 }), fc.string({ maxLength: 300 }));
  fc.assert(
    fc.property(integers, texts, fc.uint8Array({ maxLength: 300 }), fc.double({ noNaN: true }), (...values) => {
      const [integer, text, bytes, double] = values;
      writer.integer(1, integer);
      writer.text(2, text);
      writer.bytes(3, bytes);
      writer.double(4, double);
      const reader = new ProtobufReader(writer.finish());
      const next = <T>(read: () => T): T => {
        reader.next();
        return read();
      };
      expect(next(() => reader.integer())).toBe(integer);
      expect(next(() => reader.text())).toBe(text);
      expect([...next(() => reader.bytes())]).toEqual([...bytes]);
      expect(next(() => reader.double())).toBe(double);
      expect(reader.next()).toBe(false);
    }),
  );
});

test('the largest number of 64 bits is not taken for the smallest', () => {
  const writer = new ProtobufWriter();
  writer.integer(1, 2 ** 63);
  expect(Buffer.from(writer.finish()).toString('hex')).toBe('08ffffffffffffffff7f');
});
