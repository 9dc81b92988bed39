import { decodeMessage } from '../../src/apiserver/protobuf/decode-message.ts';
import { encodeMessage } from '../../src/apiserver/protobuf/encode-message.ts';
import { documentPieces, openEnvelope } from '../../src/apiserver/protobuf/envelope.ts';
import { normalise } from '../../src/machinery/schema/normalise.ts';
import type { StructSchema } from '../../src/machinery/schema/schema.ts';
import { kindSchema } from '../../src/resources/schema/kind-schema.ts';
import { builtInSchema } from '../../src/resources/schema/schema-table.ts';
import { ProtobufReader } from '../../src/wire/protobuf-reader.ts';

/** A document as a client reads it: the object with its type, or a list with its items. */
export function readDocument(document: Uint8Array): ReturnType<typeof JSON.parse> {
  const { apiVersion, kind, message } = openEnvelope(document);
  const schema = kindSchema(apiVersion, kind);
  if (schema !== undefined) return { apiVersion, kind, ...object(schema, message) };
  const items = kindSchema(apiVersion, kind.replace(/List$/, ''));
  if (items === undefined) throw new Error(`no type ${kind} of ${apiVersion}`);
  return { apiVersion, kind, ...list(items, message) };
}

function object(schema: StructSchema, message: Uint8Array): object {
  return normalise(schema, decodeMessage(schema, message)).value;
}

function list(schema: StructSchema, message: Uint8Array): object {
  const reader = new ProtobufReader(message);
  const items: object[] = [];
  let metadata = {};
  while (reader.next()) {
    if (reader.field === 1) metadata = object(builtInSchema('meta.v1.ListMeta'), reader.bytes());
    if (reader.field === 2) items.push(object(schema, reader.bytes()));
  }
  return { metadata, items };
}

/** The events of a watch. */
export function readFrames(
  stream: Uint8Array,
): { readonly type: string; readonly object: ReturnType<typeof JSON.parse> }[] {
  const frames = [];
  for (let at = 0; at < stream.length; ) {
    const length = new DataView(stream.buffer, stream.byteOffset + at).getUint32(0);
    frames.push(readFrame(stream.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return frames;
}

/** One event without the length before it. */
export function readFrame(frame: Uint8Array): {
  readonly type: string;
  readonly object: ReturnType<typeof JSON.parse>;
} {
  const reader = new ProtobufReader(frame);
  let type = '';
  let object: unknown;
  while (reader.next()) {
    if (reader.field === 1) type = reader.text();
    if (reader.field !== 2) continue;
    const raw = reader.message();
    raw.next();
    object = readDocument(raw.bytes());
  }
  return { type, object };
}

/** The document of an object, as a client sends it. */
export function writeDocument(object: { readonly apiVersion: string; readonly kind: string }): Uint8Array {
  const schema = kindSchema(object.apiVersion, object.kind);
  if (schema === undefined) throw new Error(`no type ${object.kind}`);
  return Buffer.concat(documentPieces(object, [encodeMessage(schema, object)]));
}
