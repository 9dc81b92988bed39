import type { Draft, KubeObject } from '../../machinery/object.ts';
import { type DecodeTarget, decodeParsed } from '../../machinery/schema/decode.ts';
import type { ListSchema, MapSchema, ScalarSchema, Schema, StructSchema } from '../../machinery/schema/schema.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { formatMicroTime, formatTime } from '../../machinery/time.ts';
import { ProtobufError, packedVarints, protobufFields } from '../../wire/protobuf-reader.ts';
import { isKnownKind } from '../registry/known-kinds.ts';
import { goDuration } from './go-duration.ts';

type Members = Record<string, unknown>;

/** What every body begins with: `k8s` and a zero byte. */
const magic = [0x6b, 0x38, 0x73, 0x00];

/**
 * Reads a body in Kubernetes' protobuf encoding, as typed Go clients send it for built-in kinds, kubectl's `create` among them: the
 * magic, and around the object an envelope that names its type. Throws BadRequest.
 */
export function decodeProtobuf(body: Uint8Array, target: DecodeTarget): Draft<KubeObject> {
  const unrecognized = (why: string) =>
    badRequest(`the object provided is unrecognized (must be of type ${target.kind}): ${why}`);
  if (magic.some((byte, index) => body[index] !== byte)) {
    const what = 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]';
    throw unrecognized(body.length === 0 ? 'empty data' : what);
  }
  try {
    const { apiVersion, kind, raw } = readEnvelope(body.subarray(magic.length));
    const parsed = { ...readStruct(target.schema, raw), apiVersion, kind };
    return decodeParsed(parsed, target, badRequest, isKnownKind).object;
  } catch (error) {
    if (error instanceof ProtobufError || error instanceof SyntaxError) throw unrecognized(error.message);
    throw error;
  }
}

/** The type that a body claims to be; empty where it is no body of this kind. */
export function protobufType(body: Uint8Array): { readonly apiVersion: string; readonly kind: string } {
  try {
    return readEnvelope(body.subarray(magic.length));
  } catch {
    return { apiVersion: '', kind: '' };
  }
}

function readEnvelope(bytes: Uint8Array): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
} {
  let apiVersion = '';
  let kind = '';
  let raw = new Uint8Array(0);
  for (const { field, value } of protobufFields(bytes)) {
    if (!(value instanceof Uint8Array)) continue;
    if (field === 2) raw = new Uint8Array(value);
    if (field !== 1) continue;
    for (const part of protobufFields(value)) {
      if (part.field === 1) apiVersion = text(part.value);
      if (part.field === 2) kind = text(part.value);
    }
  }
  return { apiVersion, kind, raw };
}

function readStruct(schema: StructSchema, bytes: Uint8Array): Members {
  const result: Members = {};
  for (const { field, value } of protobufFields(bytes)) {
    const known = schema.protobuf?.get(field);
    if (known === undefined) continue;
    if (known.name === undefined) {
      if (known.schema.kind === 'struct') Object.assign(result, readStruct(known.schema, message(value)));
    } else setMember(result, known.name, readMember(known.schema, result[known.name], value));
  }
  return result;
}

/** `before` is what earlier occurrences of a repeated field have given. */
function readMember(schema: Schema, before: unknown, value: number | Uint8Array): unknown {
  if (schema.kind === 'list') return appendItems(schema, (before as unknown[] | undefined) ?? [], value);
  if (schema.kind === 'map') return addEntry(schema, (before as Members | undefined) ?? {}, message(value));
  return readValue(schema, value);
}

function appendItems(schema: ListSchema, list: unknown[], value: number | Uint8Array): unknown[] {
  const { items } = schema;
  const integers = items.kind === 'scalar' && (items.type === 'int32' || items.type === 'int64');
  if (integers && value instanceof Uint8Array) list.push(...packedVarints(value));
  else list.push(readValue(items, value));
  return list;
}

function addEntry(schema: MapSchema, map: Members, bytes: Uint8Array): Members {
  let key = '';
  let member: unknown;
  for (const { field, value } of protobufFields(bytes)) {
    if (field === 1) key = text(value);
    if (field === 2) member = readValue(schema.values, value);
  }
  setMember(map, key, member ?? null);
  return map;
}

function readValue(schema: Schema, value: number | Uint8Array): unknown {
  switch (schema.kind) {
    case 'struct':
      return readStruct(schema, message(value));
    case 'scalar':
      return readScalar(schema.type, value);
    case 'any':
      return readRaw(message(value));
    case 'list':
      return wrapped(schema, message(value));
    case 'map':
      throw new ProtobufError('a map cannot be an item');
  }
}

/** A list where protobuf has room for one value only is a message that repeats its items. */
function wrapped(schema: ListSchema, bytes: Uint8Array): unknown[] {
  const list: unknown[] = [];
  for (const { field, value } of protobufFields(bytes)) if (field === 1) appendItems(schema, list, value);
  return list;
}

function readScalar(type: ScalarSchema['type'], value: number | Uint8Array): unknown {
  switch (type) {
    case 'string':
      return text(value);
    case 'bytes':
      return Buffer.from(message(value)).toString('base64');
    case 'bool':
      return number(value) !== 0;
    case 'int32':
    case 'int64':
    case 'double':
      return number(value);
    case 'time':
      return readTime(message(value), formatTime);
    case 'microTime':
      return readTime(message(value), formatMicroTime);
    case 'duration':
      return goDuration(number(fieldOf(message(value), 1) ?? 0));
    case 'quantity':
      return text(fieldOf(message(value), 1) ?? empty);
    case 'intOrString':
      return readIntOrString(message(value));
  }
}

const empty = new Uint8Array(0);

/** An empty message is the zero time. */
function readTime(bytes: Uint8Array, format: (ms: number) => string): string | null {
  if (bytes.length === 0) return null;
  const seconds = number(fieldOf(bytes, 1) ?? 0);
  const nanos = number(fieldOf(bytes, 2) ?? 0);
  return format(seconds * 1000 + nanos / 1e6);
}

function readIntOrString(bytes: Uint8Array): number | string {
  const isText = number(fieldOf(bytes, 1) ?? 0) === 1;
  return isText ? text(fieldOf(bytes, 3) ?? empty) : number(fieldOf(bytes, 2) ?? 0);
}

/** Free-form JSON is carried as text. */
function readRaw(bytes: Uint8Array): unknown {
  const raw = message(fieldOf(bytes, 1) ?? empty);
  return raw.length === 0 ? null : JSON.parse(text(raw));
}

/** The last occurrence of a field counts. */
function fieldOf(bytes: Uint8Array, wanted: number): number | Uint8Array | undefined {
  let found: number | Uint8Array | undefined;
  for (const { field, value } of protobufFields(bytes)) if (field === wanted) found = value;
  return found;
}

function message(value: number | Uint8Array): Uint8Array {
  if (typeof value === 'number') throw new ProtobufError('a number stands where a message is expected');
  return value;
}

function number(value: number | Uint8Array): number {
  if (typeof value !== 'number') throw new ProtobufError('a message stands where a number is expected');
  return value;
}

const decoder = new TextDecoder();

function text(value: number | Uint8Array): string {
  return decoder.decode(message(value));
}

function setMember(target: Members, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}
