import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtobufError, ProtobufReader } from './protobuf-reader.ts';

const reader = (...bytes: number[]) => {
  const opened = new ProtobufReader(Uint8Array.from(bytes));
  opened.next();
  return opened;
};

test('varints, signed and large', () => {
  expect(reader(0x08, 0x96, 0x01).integer()).toBe(150);
  const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  expect(reader(0x10, ...minusOne).integer()).toBe(-1);
  expect(reader(0x08, 0x80, 0x80, 0x80, 0x80, 0x10).integer()).toBe(2 ** 32);
  expect(reader(0x08, 0x80, 0x80, 0x80, 0x80, 0x08).integer()).toBe(2 ** 31);
  expect(reader(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f).integer()).toBe(2 ** 53 - 1);
});

test('texts, nested fields and floating point', () => {
  expect(reader(0x12, 0x02, 0x68, 0x69).text()).toBe('hi');
  expect(reader(0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f).double()).toBe(1.5);
  expect(reader(0x0a, 3, 1, 0x96, 0x01).packed()).toEqual([1, 150]);
  const inner = reader(0x0a, 2, 0x08, 7).message();
  expect([inner.next(), inner.field, inner.integer(), inner.next()]).toEqual([true, 1, 7, false]);
});

test('what is not read is passed over, groups and all', () => {
  const group = [0x0b, 0x08, 1, 0x13, 0x12, 1, 0xff, 0x14, 0x0c];
  const open = reader(...group, 0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, 0xff, 0xff, 0x20, 5);
  while (open.field !== 4) expect(open.next()).toBe(true);
  expect([open.integer(), open.next()]).toEqual([5, false]);
});

test.each([
  [[0x08], 'unexpected EOF'],
  [[0x12, 0x05, 0x01], 'unexpected EOF'],
  [[0x0b, 0x08, 1], 'unexpected EOF'],
  [[0x00], 'proto: illegal tag 0 (wire type 0)'],
  [[0x0c], 'proto: wiretype end group for non-group'],
  [[0x0e], 'proto: illegal wireType 6'],
  [[0x08, ...Array(11).fill(0xff)], 'proto: integer overflow'],
  [[0x12, ...Array(9).fill(0xff), 1], 'proto: negative length found during unmarshaling'],
])('broken messages are refused: %j', (bytes, why) => {
  const open = new ProtobufReader(Uint8Array.from(bytes));
  expect(() => {
    while (open.next());
  }).toThrow(new ProtobufError(why));
});

test('a field is read in the way in which it is written', () => {
  expect(() => reader(0x08, 1).text()).toThrow(new ProtobufError('proto: wrong wireType = 0 for field 1'));
  expect(() => reader(0x12, 0).integer()).toThrow(new ProtobufError('proto: wrong wireType = 2 for field 2'));
});

test('whatever the bytes are, reading them ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const open = new ProtobufReader(bytes);
      try {
        for (let fields = 0; open.next(); fields++) expect(fields).toBeLessThan(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }),
  );
});
