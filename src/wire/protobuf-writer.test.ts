import { expect, test } from 'vitest';
import { protobufFields } from './protobuf-reader.ts';
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
  const text = (value: number | Uint8Array) => (typeof value === 'number' ? value : Buffer.from(value).toString());
  const fields = [...protobufFields(writer.finish())].map(({ field, value }) => [field, text(value)]);
  expect(fields.slice(0, -1)).toEqual([
    [1, 'é'],
    [4, 1],
    [31, ''],
    [31, 'x'.repeat(200)],
    [6, ''],
  ]);
  expect(fields.at(-1)?.[0]).toBe(7);
  expect(String(fields.at(-1)?.[1])).toHaveLength(20_000 + 4 + 4);
});
