import { parseGoDuration } from '../../machinery/go-duration.ts';
import { isMembers, type Members } from '../../machinery/members.ts';
import type {
  AnySchema,
  ListSchema,
  MapSchema,
  ScalarSchema,
  Schema,
  StructSchema,
} from '../../machinery/schema/schema.ts';
import { ProtobufWriter } from '../../wire/protobuf-writer.ts';

/** Whether objects of this type can be messages. */
export function hasMessages(schema: StructSchema): boolean {
  return schema.protobuf !== undefined && schema.protobuf.size > 0;
}

/**
 * An object as a message of its type, byte for byte as Go's generated code writes it: fields in the order of their numbers, maps in the order
 * of their keys, zero values too where a field is no pointer. The object is normalised; what does not fit its type is written as zero.
 */
export function encodeMessage(schema: StructSchema, object: object): Uint8Array<ArrayBuffer> {
  let message = new Uint8Array(0);
  try {
    writeStruct(schema, object as Members);
  } finally {
    // Also after an error, so that the next message begins anew.
    message = writer.finish();
  }
  return message;
}

/** Encoding does not wait for anything, so one buffer serves all. */
const writer = new ProtobufWriter();

interface Field {
  readonly number: number;
  readonly name: string | undefined;
  readonly schema: Schema;
  readonly pointer: boolean;
}

const ordered = new WeakMap<StructSchema, readonly Field[]>();

function fieldsOf(schema: StructSchema): readonly Field[] {
  let fields = ordered.get(schema);
  if (fields === undefined) {
    const given = [...(schema.protobuf ?? [])];
    fields = given.map(([number, field]) => ({ number, ...field })).toSorted((a, b) => a.number - b.number);
    ordered.set(schema, fields);
  }
  return fields;
}

const noMembers: Members = {};

function writeStruct(schema: StructSchema, members: Members): void {
  for (const field of fieldsOf(schema)) {
    if (field.name !== undefined) writeField(field, members[field.name]);
    else if (field.schema.kind === 'struct') {
      const start = writer.open(field.number);
      writeStruct(field.schema, members);
      writer.close(start);
    }
  }
}

function writeField({ number, schema, pointer }: Field, value: unknown): void {
  if (schema.kind === 'map') {
    if (isMembers(value)) writeMap(number, schema, value);
  } else if (schema.kind === 'list') {
    if (Array.isArray(value)) writeList(number, schema, value);
  } else if ((value !== undefined && value !== null) || !pointer) writeValue(number, schema, value);
}

function writeList(number: number, schema: ListSchema, items: readonly unknown[]): void {
  if (schema.isMessage === true) writeValue(number, schema, items);
  else for (const item of items) writeValue(number, schema.items, item);
}

function writeMap(number: number, schema: MapSchema, map: Members): void {
  for (const key of sortedKeys(map)) {
    const start = writer.open(number);
    writer.text(1, key);
    writeValue(2, schema.values, map[key]);
    writer.close(start);
  }
}

/** By their bytes, which is not the order of their UTF-16 units once there are surrogates. */
function sortedKeys(map: Members): readonly string[] {
  const keys = Object.keys(map);
  if (keys.length < 2) return keys;
  if (!keys.some((key) => /[\ud800-\udfff]/.test(key))) return keys.sort();
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** One value under a number; null and undefined are the zero value. */
function writeValue(number: number, schema: Schema, value: unknown): void {
  if (schema.kind === 'scalar') {
    writeScalar(number, schema.type, value);
    return;
  }
  const start = writer.open(number);
  if (schema.kind === 'struct') writeStruct(schema, isMembers(value) ? value : noMembers);
  else if (schema.kind === 'any') writeAny(schema, value);
  else if (schema.kind === 'list' && Array.isArray(value)) for (const item of value) writeValue(1, schema.items, item);
  writer.close(start);
}

/** Free-form JSON is carried as text. */
function writeAny({ union }: AnySchema, value: unknown): void {
  if (value === undefined || value === null) return;
  if (union !== undefined) writeUnion(union, value);
  else writer.text(1, JSON.stringify(value));
}

/** Whichever member the value fits; a flag says whether there is one. */
function writeUnion(union: StructSchema, value: unknown): void {
  for (const { number, schema } of fieldsOf(union)) {
    if (schema.kind === 'scalar') writer.integer(number, value === false ? 0 : 1);
    else if (schema.kind === 'list' && Array.isArray(value)) writeList(number, schema, value);
    else if (schema.kind === 'struct' && isMembers(value)) writeValue(number, schema, value);
  }
}

function writeScalar(number: number, type: ScalarSchema['type'], value: unknown): void {
  switch (type) {
    case 'string':
      writer.text(number, textOf(value));
      break;
    case 'bool':
      writer.integer(number, value === true ? 1 : 0);
      break;
    case 'int32':
    case 'int64':
      writer.integer(number, numberOf(value));
      break;
    case 'double':
      writer.double(number, numberOf(value));
      break;
    case 'bytes':
      if (typeof value === 'string') writer.bytes(number, Buffer.from(value, 'base64'));
      break;
    case 'time':
    case 'microTime':
      writeTime(number, value);
      break;
    case 'quantity':
      writeQuantity(number, value);
      break;
    case 'intOrString':
      writeIntOrString(number, value);
      break;
    case 'duration':
      writeDuration(number, value);
      break;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

const secondsLength = '2026-01-01T00:00:00'.length;

/** A time in its canonical form; the zero time is an empty message. */
function writeTime(number: number, value: unknown): void {
  const start = writer.open(number);
  if (typeof value === 'string') {
    writer.integer(1, Date.parse(`${value.slice(0, secondsLength)}Z`) / 1000);
    writer.integer(2, value[secondsLength] === '.' ? Number(value.slice(secondsLength + 1, -1)) * 1000 : 0);
  }
  writer.close(start);
}

/** Nanoseconds. */
function writeDuration(number: number, value: unknown): void {
  const start = writer.open(number);
  writer.integer(1, Math.round(parseGoDuration(textOf(value) || '0s') * 1e6));
  writer.close(start);
}

function writeQuantity(number: number, value: unknown): void {
  const start = writer.open(number);
  writer.text(1, typeof value === 'string' ? value : String(numberOf(value)));
  writer.close(start);
}

function writeIntOrString(number: number, value: unknown): void {
  const start = writer.open(number);
  writer.integer(1, typeof value === 'string' ? 1 : 0);
  writer.integer(2, numberOf(value));
  writer.text(3, textOf(value));
  writer.close(start);
}
