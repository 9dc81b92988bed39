/** Bytes that are no protobuf message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** One field as it stands on the wire: a number for varints and fixed widths, bytes for everything with a length. */
export interface ProtobufValue {
  readonly field: number;
  readonly value: number | Uint8Array;
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/**
 * The fields of a message in their order; unknown ones are for the caller to skip. Integers of 64 bits are read as signed, and beyond
 * 2^53 only as exactly as a number can be. Throws `ProtobufError`.
 */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufValue, void> {
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    const field = Math.floor(tag / 8);
    if (field < 1) throw new ProtobufError(`illegal tag ${tag}`);
    yield { field, value: readValue(cursor, tag % 8) };
  }
}

/** The integers of a packed repeated field. */
export function packedVarints(bytes: Uint8Array): readonly number[] {
  const cursor = { bytes, at: 0 };
  const values: number[] = [];
  while (cursor.at < bytes.length) values.push(readVarint(cursor));
  return values;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readValue(cursor: Cursor, wireType: number): number | Uint8Array {
  switch (wireType) {
    case varint:
      return readVarint(cursor);
    case fixed64:
      return view(take(cursor, 8)).getFloat64(0, true);
    case lengthDelimited:
      return take(cursor, readVarint(cursor));
    case fixed32:
      return view(take(cursor, 4)).getFloat32(0, true);
    default:
      throw new ProtobufError(`wire type ${wireType} is not known`);
  }
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length) throw new ProtobufError('unexpected end of message');
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}

/** In two halves, for bitwise operators know 32 bits only. */
function readVarint(cursor: Cursor): number {
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw new ProtobufError('unexpected end of message');
    cursor.at++;
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high |= bits >> 4;
    } else high |= bits << (shift - 32);
    if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
  }
  throw new ProtobufError('integer overflow');
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
