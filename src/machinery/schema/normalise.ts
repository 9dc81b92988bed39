import { isMembers, type Members, setMember } from '../members.ts';
import { canonicalQuantity } from '../quantity.ts';
import { canonicalTime } from '../time.ts';
import { canonicalBase64 } from './base64.ts';
import type { AnySchema, FieldSchema, ListSchema, MapSchema, ScalarSchema, Schema, StructSchema } from './schema.ts';

/** What normalising found out on its way. */
export interface Normalised {
  readonly value: Record<string, unknown>;
  /** False when something was dropped that a user should hear of: unknown fields, values of a wrong type. */
  readonly clean: boolean;
  /** Members of all objects that were seen. */
  readonly members: number;
}

/**
 * Does to an object what decoding into Go's types and encoding again would do: null, unknown and empty optional fields vanish,
 * structs that are not pointers and fields without `omitempty` appear, quantities and times take their canonical form. Of the lists
 * without `omitempty`, which Go writes as null when they are nil, those that a valid object may lack are null; the others are empty, so that nobody
 * who reads needs to know of null.
 * Builds a new object; free-form parts are shared with the old one.
 */
export function normalise(schema: StructSchema, source: object): Normalised {
  const walk = new Walk();
  const value = walk.struct(schema, source as Members);
  return { value, clean: walk.clean, members: walk.members };
}

interface FieldPlan {
  readonly name: string;
  readonly schema: Schema;
  /** A zero value is dropped. */
  readonly dropsZero: boolean;
}

interface StructPlan {
  readonly fields: ReadonlyMap<string, FieldPlan>;
  /** Fields that are written also when they were not given. */
  readonly always: readonly FieldPlan[];
  readonly nullWhenAbsent: ReadonlySet<string>;
}

const plans = new WeakMap<StructSchema, StructPlan>();

function planOf(schema: StructSchema): StructPlan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const fields = new Map<string, FieldPlan>();
  const always: FieldPlan[] = [];
  const nullWhenAbsent = new Set<string>();
  for (const field of schema.fields.values()) {
    const dropsZero = field.omitEmpty && !field.pointer && !field.keepsEmpty;
    const plan = { name: field.name, schema: field.schema, dropsZero };
    fields.set(field.name, plan);
    if (!writtenWhenAbsent(schema, field)) continue;
    always.push(plan);
    if (field.pointer || field.nullable) nullWhenAbsent.add(field.name);
  }
  const plan = { fields, always, nullWhenAbsent };
  plans.set(schema, plan);
  return plan;
}

function writtenWhenAbsent(struct: StructSchema, field: FieldSchema): boolean {
  if (!field.omitEmpty) return field.schema.kind !== 'any';
  if (field.pointer) return false;
  // Go's omitempty does not know an empty struct, and these scalars are structs there. One field says omitzero as well.
  if (field.schema.kind === 'struct') return true;
  if (struct.name === 'meta.v1.ObjectMeta' || field.schema.kind !== 'scalar') return false;
  return structScalars.has(field.schema.type);
}

const structScalars = new Set<ScalarSchema['type']>(['time', 'microTime', 'duration', 'quantity', 'intOrString']);

const zeroScalars: Readonly<Record<ScalarSchema['type'], unknown>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  bytes: null,
  time: null,
  microTime: null,
  duration: '0s',
  quantity: '0',
  intOrString: 0,
};

class Walk {
  clean = true;
  members = 0;

  struct(schema: StructSchema, source: Members): Record<string, unknown> {
    const plan = planOf(schema);
    const result: Record<string, unknown> = {};
    for (const name in source) {
      this.members++;
      const member = source[name];
      const field = plan.fields.get(name);
      if (field === undefined) {
        this.clean = false;
        continue;
      }
      if (member === null || member === undefined) continue;
      const value = this.value(field.schema, member);
      if (value === undefined || (field.dropsZero && isZero(field.schema, value))) continue;
      result[name] = value;
    }
    for (const field of plan.always) {
      if (result[field.name] === undefined)
        result[field.name] = plan.nullWhenAbsent.has(field.name) ? null : this.zero(field.schema);
    }
    return result;
  }

  /** The canonical form of a value; undefined when it does not fit the schema, or is as good as absent. */
  value(schema: Schema, value: unknown): unknown {
    switch (schema.kind) {
      case 'scalar':
        return this.#scalar(schema.type, value);
      case 'struct':
        return isMembers(value) ? this.struct(schema, value) : this.#mismatch();
      case 'list':
        return Array.isArray(value) ? this.#list(schema, value) : this.#mismatch();
      case 'map':
        return isMembers(value) ? this.#map(schema, value) : this.#mismatch();
      case 'any':
        return this.#any(schema, value);
    }
  }

  #any({ union }: AnySchema, value: unknown): unknown {
    for (const { schema } of union?.fields.values() ?? [])
      if ((schema.kind === 'struct' && isMembers(value)) || (schema.kind === 'list' && Array.isArray(value)))
        return this.value(schema, value);
    this.#count(value);
    return value;
  }

  zero(schema: Schema): unknown {
    switch (schema.kind) {
      case 'scalar':
        return zeroScalars[schema.type];
      case 'struct':
        return this.struct(schema, {});
      case 'list':
        return [];
      case 'map':
        return {};
      case 'any':
        return null;
    }
  }

  #list(schema: ListSchema, list: readonly unknown[]): unknown[] {
    const result: unknown[] = [];
    for (const item of list) {
      const value = item === null || item === undefined ? this.zero(schema.items) : this.value(schema.items, item);
      if (value !== undefined) result.push(value);
    }
    return result;
  }

  #map(schema: MapSchema, map: Members): Members {
    const result: Record<string, unknown> = {};
    for (const key in map) {
      this.members++;
      const member = map[key];
      const value =
        member === null || member === undefined ? this.#zeroMember(schema.values) : this.value(schema.values, member);
      if (value === undefined) continue;
      setMember(result, key, value);
    }
    return result;
  }

  /** Bytes that are none are written as no bytes: a map keeps what is nil in it only as long as it is in Go's memory. */
  #zeroMember(schema: Schema): unknown {
    return schema.kind === 'scalar' && schema.type === 'bytes' ? '' : this.zero(schema);
  }

  #scalar(type: ScalarSchema['type'], value: unknown): unknown {
    switch (type) {
      case 'string':
        return typeof value === 'string' ? value : this.#mismatch();
      case 'bool':
        return typeof value === 'boolean' ? value : this.#mismatch();
      case 'int32':
        return isInt32(value) ? value : this.#mismatch();
      case 'int64':
        return Number.isSafeInteger(value) ? value : this.#largeInteger(value);
      case 'double':
        return typeof value === 'number' ? value : this.#mismatch();
      case 'bytes':
        return typeof value === 'string' ? (canonicalBase64(value) ?? this.#mismatch()) : this.#mismatch();
      case 'time':
        return this.#time(value, 'seconds');
      case 'microTime':
        return this.#time(value, 'microseconds');
      case 'duration':
        return typeof value === 'string' ? value : this.#mismatch();
      case 'quantity':
        return typeof value === 'string' || typeof value === 'number'
          ? (canonicalQuantity(value) ?? this.#mismatch())
          : this.#mismatch();
      case 'intOrString':
        return typeof value === 'string' || isInt32(value) ? value : this.#mismatch();
    }
  }

  /** Beyond 2^53 a number is only as exact as JavaScript has it; the text must be looked at to know whether it fits. */
  #largeInteger(value: unknown): unknown {
    this.clean = false;
    return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
  }

  #time(value: unknown, precision: 'seconds' | 'microseconds'): unknown {
    const time = typeof value === 'string' ? canonicalTime(value, precision) : undefined;
    if (typeof time === 'string') return time;
    return time === null ? undefined : this.#mismatch();
  }

  #mismatch(): undefined {
    this.clean = false;
    return undefined;
  }

  #count(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#count(item);
    else if (isMembers(value)) {
      for (const key in value) {
        this.members++;
        this.#count(value[key]);
      }
    }
  }
}

function isZero(schema: Schema, value: unknown): boolean {
  switch (schema.kind) {
    case 'scalar':
      return (value === '' || value === 0 || value === false) && !structScalars.has(schema.type);
    case 'list':
      return (value as readonly unknown[]).length === 0;
    case 'map':
      for (const _ in value as Members) return false;
      return true;
    default:
      return false;
  }
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}
