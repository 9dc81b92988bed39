import { expect, test } from 'vitest';
import { ProtobufError, packedVarints, protobufFields } from './protobuf-reader.ts';

const read = (...bytes: number[]) => [...protobufFields(Uint8Array.from(bytes))];

test('varints, signed and large', () => {
  expect(read(0x08, 0x96, 0x01)).toEqual([{ field: 1, value: 150 }]);
  const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  expect(read(0x10, ...minusOne)).toEqual([{ field: 2, value: -1 }]);
  expect(read(0x08, 0x80, 0x80, 0x80, 0x80, 0x10)).toEqual([{ field: 1, value: 2 ** 32 }]);
  expect(read(0x08, 0x80, 0x80, 0x80, 0x80, 0x08)).toEqual([{ field: 1, value: 2 ** 31 }]);
  expect(read(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)).toEqual([{ field: 1, value: 2 ** 53 - 1 }]);
});

test('strings, nested fields and floating point', () => {
  expect(read(0x12, 0x02, 0x68, 0x69)).toEqual([{ field: 2, value: Uint8Array.of(0x68, 0x69) }]);
  expect(read(0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f)).toEqual([{ field: 1, value: 1.5 }]);
  expect(read(0x0d, 0, 0, 0xc0, 0x3f)).toEqual([{ field: 1, value: 1.5 }]);
  expect(packedVarints(Uint8Array.of(1, 0x96, 0x01))).toEqual([1, 150]);
});

test.each([[[0x08]], [[0x12, 0x05, 0x01]], [[0x00]], [[0x0b]], [[0x08, ...Array(11).fill(0xff)]]])(
  'broken messages are refused: %j',
  (bytes) => {
    expect(() => read(...bytes)).toThrow(ProtobufError);
  },
);
