import { isMembers } from '../members.ts';
import { quantityProblem } from '../quantity.ts';
import { base64Problem } from '../schema/base64.ts';
import { goType } from '../schema/go-types.ts';
import type { ScalarSchema, Schema } from '../schema/schema.ts';
import { canonicalTime } from '../time.ts';

/**
 * The first value that does not fit the schema, in the words that Kubernetes has for the result of a strategic merge patch: it turns
 * maps into objects another way than JSON, and says so. Undefined when everything fits.
 */
export function restoreProblem(schema: Schema, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (schema.kind) {
    case 'any':
      return undefined;
    case 'scalar':
      return scalarProblem(schema, value);
    case 'list':
      if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
      return first(value, (item) => restoreProblem(schema.items, item));
    case 'map':
      if (!isMembers(value)) return `cannot restore map from ${kindOf(value)}`;
      return first(Object.values(value), (member) => restoreProblem(schema.values, member));
    case 'struct':
      if (!isMembers(value)) return `cannot restore struct from: ${kindOf(value)}`;
      return first(schema.fields.values(), (field) =>
        Object.hasOwn(value, field.name) ? restoreProblem(field.schema, value[field.name]) : undefined,
      );
  }
}

function first<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = check(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function scalarProblem(schema: ScalarSchema, value: unknown): string | undefined {
  switch (schema.type) {
    case 'string':
      if (typeof value === 'string') return undefined;
      return Number.isInteger(value) ? `cannot convert int64 to ${goType(schema)}` : 'unrecognized type: string';
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'unrecognized type: bool';
    case 'int32':
    case 'int64':
    case 'double':
      return numberProblem(schema.type, value);
    case 'bytes':
      return bytesProblem(value);
    case 'time':
    case 'microTime':
      return timeProblem(schema.type, value);
    case 'duration':
      return typeof value === 'string' ? undefined : cannotUnmarshal(value, 'string');
    case 'quantity':
      return quantityProblem(typeof value === 'string' || typeof value === 'number' ? value : '{}');
    case 'intOrString':
      return typeof value === 'string' || isInt32(value) ? undefined : cannotUnmarshal(value, 'int32');
  }
}

function numberProblem(type: 'int32' | 'int64' | 'double', value: unknown): string | undefined {
  if (typeof value !== 'number') return `unrecognized type: ${goType({ kind: 'scalar', type })}`;
  if (type === 'double' || (type === 'int64' ? Number.isInteger(value) : isInt32(value))) return undefined;
  return `cannot convert ${kindOf(value)} to ${type}`;
}

function bytesProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `cannot restore slice from ${kindOf(value)}`;
  const problem = base64Problem(value);
  return problem === undefined ? undefined : `error decoding from json: illegal base64 data at input byte ${problem}`;
}

function timeProblem(type: 'time' | 'microTime', value: unknown): string | undefined {
  if (typeof value !== 'string') return cannotUnmarshal(value, 'string');
  const time = canonicalTime(value, type === 'time' ? 'seconds' : 'microseconds');
  return typeof time === 'object' && time !== null ? time.problem : undefined;
}

function cannotUnmarshal(value: unknown, type: string): string {
  const kind = kindOf(value);
  const what =
    typeof value === 'number'
      ? type === 'string'
        ? 'number'
        : `number ${value}`
      : kind === 'slice'
        ? 'array'
        : kind === 'map'
          ? 'object'
          : kind;
  return `json: cannot unmarshal ${what} into Go value of type ${type}`;
}

/** Go's name for the kind of a JSON value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map';
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value;
}
