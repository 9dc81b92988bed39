import { formatGoDuration } from '../../machinery/go-duration.ts';
import { type Members, setMember } from '../../machinery/members.ts';
import { maxJsonDepth, outlineJson } from '../../machinery/schema/json-text.ts';
import type {
  AnySchema,
  ListSchema,
  MapSchema,
  ScalarSchema,
  Schema,
  StructSchema,
} from '../../machinery/schema/schema.ts';
import { formatMicroTime, formatTime } from '../../machinery/time.ts';
import { ProtobufError, ProtobufReader } from '../../wire/protobuf-reader.ts';

type Draft = Record<string, unknown>;

/**
 * The object that a message of this type is, as parsed JSON before it is normalised; unknown fields are passed over. What occurs more than
 * once is added up or merged, and of single values the last one counts. Throws `ProtobufError`.
 */
export function decodeMessage(schema: StructSchema, message: Uint8Array): Members {
  return readStruct(schema, new ProtobufReader(message), {}, 1);
}

function readStruct(schema: StructSchema, reader: ProtobufReader, result: Draft, depth: number): Draft {
  if (depth > maxJsonDepth) throw new ProtobufError('exceeded max depth');
  while (reader.next()) {
    const field = schema.protobuf?.get(reader.field);
    if (field === undefined) continue;
    if (field.name !== undefined)
      setMember(result, field.name, readField(field.schema, result[field.name], reader, depth));
    else if (field.schema.kind === 'struct') readStruct(field.schema, reader.message(), result, depth + 1);
  }
  return result;
}

/** `before` is what earlier occurrences of the field have given. */
function readField(schema: Schema, before: unknown, reader: ProtobufReader, depth: number): unknown {
  if (schema.kind === 'map') return addEntry(schema, (before ?? {}) as Draft, reader.message(), depth);
  if (schema.kind === 'list') return addItems(schema, (before ?? []) as unknown[], reader, depth);
  return readValue(schema, before, reader, depth);
}

function addItems(schema: ListSchema, list: unknown[], reader: ProtobufReader, depth: number): unknown[] {
  const { items } = schema;
  if (schema.isMessage === true) return readItems(schema, list, reader.message(), depth);
  const integers = items.kind === 'scalar' && (items.type === 'int32' || items.type === 'int64');
  if (!integers || !reader.isDelimited) list.push(readValue(items, undefined, reader, depth));
  else for (const each of reader.packed()) list.push(items.type === 'int32' ? each | 0 : each);
  return list;
}

function readItems({ items }: ListSchema, list: unknown[], reader: ProtobufReader, depth: number): unknown[] {
  while (reader.next()) if (reader.field === 1) list.push(readValue(items, undefined, reader, depth + 1));
  return list;
}

function addEntry(schema: MapSchema, map: Draft, reader: ProtobufReader, depth: number): Draft {
  let key = '';
  let value: unknown = null;
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    if (reader.field === 2) value = readValue(schema.values, undefined, reader, depth + 1);
  }
  setMember(map, key, value);
  return map;
}

function readValue(schema: Schema, before: unknown, reader: ProtobufReader, depth: number): unknown {
  switch (schema.kind) {
    case 'struct':
      return readStruct(schema, reader.message(), (before ?? {}) as Draft, depth + 1);
    case 'scalar':
      return readScalar(schema.type, reader);
    case 'any':
      return readAny(schema, reader.message(), depth);
    case 'list':
      return readItems(schema, [], reader.message(), depth);
    case 'map':
      throw new ProtobufError('a map cannot be an item');
  }
}

/** Free-form JSON is carried as text. */
function readAny({ union }: AnySchema, reader: ProtobufReader, depth: number): unknown {
  if (union !== undefined) return readUnion(union, reader, depth);
  let text = '';
  while (reader.next()) if (reader.field === 1) text = reader.text();
  if (text === '') return null;
  if (outlineJson(text).depth > maxJsonDepth) throw new ProtobufError('exceeded max depth');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtobufError((error as Error).message, { cause: error });
  }
}

/** The member that is there; a flag counts only where it is alone. */
function readUnion(union: StructSchema, reader: ProtobufReader, depth: number): unknown {
  const { Allows: flag = null, ...members } = readStruct(union, reader, {}, depth + 1);
  return Object.values(members)[0] ?? flag;
}

function readScalar(type: ScalarSchema['type'], reader: ProtobufReader): unknown {
  switch (type) {
    case 'string':
      return reader.text();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.integer() !== 0;
    case 'int32':
      return reader.integer() | 0;
    case 'int64':
      return reader.integer();
    case 'double':
      return reader.double();
    case 'time':
      return readTime(reader.message(), formatTime);
    case 'microTime':
      return readTime(reader.message(), formatMicroTime);
    case 'quantity':
      return readQuantity(reader.message());
    case 'intOrString':
      return readIntOrString(reader.message());
    case 'duration':
      return readDuration(reader.message());
  }
}

function readDuration(reader: ProtobufReader): string {
  let nanoseconds = 0;
  while (reader.next()) if (reader.field === 1) nanoseconds = reader.integer();
  return formatGoDuration(nanoseconds / 1e6);
}

const zeroTime = Date.parse('0001-01-01T00:00:00Z') / 1000;
const firstTime = Date.parse('0000-01-01T00:00:00Z') / 1000;
const lastTime = Date.parse('9999-12-31T23:59:59Z') / 1000;

/** An empty message is the zero time. */
function readTime(reader: ProtobufReader, format: (ms: number) => string): string | null {
  let isEmpty = true;
  let seconds = 0;
  let nanos = 0;
  while (reader.next()) {
    isEmpty = false;
    if (reader.field === 1) seconds = reader.integer();
    if (reader.field === 2) nanos = reader.integer() | 0;
  }
  if (isEmpty || (seconds === zeroTime && nanos === 0)) return null;
  if (seconds < firstTime || seconds > lastTime) throw new ProtobufError('year outside of range [0,9999]');
  return format(seconds * 1000 + Math.trunc(nanos / 1000) / 1000);
}

function readQuantity(reader: ProtobufReader): string {
  let text = '0';
  while (reader.next()) if (reader.field === 1) text = reader.text();
  return text;
}

function readIntOrString(reader: ProtobufReader): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  while (reader.next()) {
    if (reader.field === 1) isText = reader.integer() === 1;
    if (reader.field === 2) number = reader.integer() | 0;
    if (reader.field === 3) text = reader.text();
  }
  return isText ? text : number;
}
