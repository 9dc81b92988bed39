import { ProtobufError, ProtobufReader } from '../../wire/protobuf-reader.ts';
import { ProtobufWriter } from '../../wire/protobuf-writer.ts';

export interface TypeClaim {
  readonly apiVersion: string;
  readonly kind: string;
}

/** An object on the wire: what it says it is, and its message. */
export interface Envelope extends TypeClaim {
  readonly message: Uint8Array;
}

/** What every document begins with: `k8s` and a zero byte. Around the message is one of type `runtime.Unknown`. */
const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);
/** The encoding and the type of the content, which are never given. */
const tail = Uint8Array.of(0x1a, 0, 0x22, 0);
const writer = new ProtobufWriter();

/** The document of an object, in the pieces that its message is in. */
export function documentPieces(type: TypeClaim, message: readonly Uint8Array[]): Uint8Array[] {
  writer.message(1, () => {
    writer.text(1, type.apiVersion);
    writer.text(2, type.kind);
  });
  const typeMeta = writer.finish();
  return [magic, typeMeta, fieldHead(2, message), ...message, tail];
}

/** What stands before a field that holds these pieces. */
export function fieldHead(field: number, pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  writer.delimited(field, length);
  return writer.finish();
}

/** Takes a document apart. Throws `ProtobufError` for what is none. */
export function openEnvelope(document: Uint8Array): Envelope {
  if (document.length === 0) throw new ProtobufError('empty data');
  if (magic.some((byte, index) => document[index] !== byte)) {
    const expected = 'expected prefix [107 56 115 0]';
    throw new ProtobufError(`provided data does not appear to be a protobuf message, ${expected}`);
  }
  if (document.length === magic.length) throw new ProtobufError('empty body');
  const reader = new ProtobufReader(document.subarray(magic.length));
  let type: TypeClaim = { apiVersion: '', kind: '' };
  let message = document.subarray(document.length);
  while (reader.next()) {
    if (reader.field === 1) type = readType(reader.message());
    if (reader.field === 2) message = reader.bytes();
  }
  return { ...type, message };
}

function readType(reader: ProtobufReader): TypeClaim {
  let apiVersion = '';
  let kind = '';
  while (reader.next()) {
    if (reader.field === 1) apiVersion = reader.text();
    if (reader.field === 2) kind = reader.text();
  }
  return { apiVersion, kind };
}
